// SPDX-License-Identifier: GPL-3.0-or-later
// Regular files and block nodes of the operating system as devices.
#pragma once

#include <memory>
#include <string>

#include "engine/io/device.h"

namespace umbra::io {

enum class engine_kind : std::uint8_t {
  automatic,  // io_uring where the kernel has it, threads otherwise
  uring,      // io_uring or errc::unsupported
  threads,    // pread/pwrite
};

struct open_options {
  enum class access : std::uint8_t {
    read,
    read_write,         // must exist
    create,             // regular file: created, refused with errc::exists if it is there
    create_or_replace,  // regular file: created or cut to `size`; a block node is just opened
  };
  access mode = access::read;
  std::uint64_t size = 0;  // for create*: the file's size, sparse
  enum class direct : std::uint8_t { automatic, on, off };
  // automatic: O_DIRECT on block devices and on large regular files that are created, where the file system takes it
  direct direct_io = direct::automatic;
  engine_kind engine = engine_kind::automatic;
  std::string label;       // for reading: how messages call it; empty: by its path
  bool exclusive = false;  // block node opened for writing: O_EXCL, errc::busy if mounted or held
};

// Opens a regular file or a block node; anything else (a directory, a pipe, a character device) is errc::usage with words
// that say what it is. Symbolic links are followed. The size comes from the device.
result<std::unique_ptr<device>> open_device(const std::string& path, const open_options& options);

}  // namespace umbra::io
