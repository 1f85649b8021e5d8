// SPDX-License-Identifier: GPL-3.0-or-later
// The target of a restore: what it is now, whether it may be overwritten, and opening it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/context.h"
#include "engine/image/image_info.h"
#include "engine/io/device.h"

namespace umbra::cli {

struct restore_target_options {
  std::string path;
  bool yes = false;
};

struct restore_plan {
  bool exists = false;
  std::uint64_t target_size = 0;
  std::optional<error> problem;  // the first reason why it will not be done
};

// Looks, and writes nothing. Problems: too small, mounted or in use, a directory, the image itself or any other one, inside its
// vault.
restore_plan plan_restore(const restore_target_options& target, const std::string& image, const image::image_info& info,
                          std::size_t source, context& c);

// An existing target wants --yes, or its path typed on the terminal; errc::usage without either.
result<void> confirm_target(const restore_target_options& target, const std::string& image, context& c);

// A new file is made sparse at the source's size; an existing one keeps its size; block devices are opened exclusively.
result<std::unique_ptr<io::device>> open_restore_target(const restore_target_options& target, std::uint64_t size);

}  // namespace umbra::cli
