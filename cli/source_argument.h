// SPDX-License-Identifier: GPL-3.0-or-later
// SOURCE as typed: a path or the URI of an NBD server's export, or a part of it as in PATH@offset+length.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/io/device.h"
#include "engine/io/file_device.h"

namespace umbra::cli {

struct source_argument {
  std::string path;             // or URI
  std::optional<range> window;  // bytes
  // Served by somebody else: nothing here is known of it but its bytes.
  bool is_remote() const;
  // How messages and manifests call it.
  std::string name() const;
};

// A file of this very name is meant before any window. Without one, what has a '+' behind its last '@' must read as
// offset+length.
result<source_argument> parse_source(const std::string& text);

// Opens the device, or the window of it. errc::usage if it is empty or reaches beyond the end.
result<std::unique_ptr<io::device>> open_source(const source_argument& source, const io::open_options& options);

}  // namespace umbra::cli
