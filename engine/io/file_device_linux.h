// SPDX-License-Identifier: GPL-3.0-or-later
// The device behind open_device(): what opening found, and the object made of it. Internal to engine/io.
#pragma once

#include <memory>
#include <string>

#include "engine/io/device.h"
#include "engine/io/file_device.h"
#include "engine/io/unique_fd.h"

namespace umbra::io {

struct opened_file {
  std::string path;
  unique_fd plain;                 // through the page cache
  unique_fd direct;                // the same file with O_DIRECT; closed where the page cache is used for everything
  std::uint64_t least_direct = 0;  // smaller transfers go through the page cache all the same
  device_geometry geometry;
  engine_kind engine = engine_kind::automatic;
  bool created = false;  // its name is new: the first flush() syncs the directory too
};

std::unique_ptr<device> make_file_device(opened_file file);

// fsync of the directory that holds `path`.
result<void> sync_parent(const std::string& path);

}  // namespace umbra::io
