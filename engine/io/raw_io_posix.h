// SPDX-License-Identifier: GPL-3.0-or-later
// pread, pwrite and the words for their failures. Only *_posix.cpp and *_linux.cpp files include this.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/bytes.h"
#include "engine/io/device.h"

namespace umbra::io {

// What one call moved; it may be less than was asked for. `os_error` is 0 or the errno, then `bytes` is 0.
struct moved {
  std::size_t bytes = 0;
  int os_error = 0;
};

// One pread or pwrite; begun again only after EINTR. Nothing moved without an error: the end of the file.
moved read_once(int fd, std::uint64_t offset, byte_span out);
moved write_once(int fd, std::uint64_t offset, byte_view in);

// The error for a transfer that failed with `os_error`; 0 means that the file ended early.
error transfer_failure(const std::string& name, transfer::direction way, std::uint64_t offset, int os_error);

}  // namespace umbra::io
