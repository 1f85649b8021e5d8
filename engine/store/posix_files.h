// SPDX-License-Identifier: GPL-3.0-or-later
// Pieces of system_file_system() on POSIX systems. Only *_posix.cpp and *_linux.cpp files of this folder include this.
#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/store/file_system.h"

namespace umbra::store::posix {

result<std::unique_ptr<output_file>> create_output_file(const std::string& path);
result<std::unique_ptr<input_file>> open_input_file(const std::string& path);

// Asks the kernel to start writing dirty pages of [offset, offset + size) without waiting. A hint: no error, no promise.
void start_write_back(int fd, std::uint64_t offset, std::uint64_t size) noexcept;

// The same file once more, for writing past the page cache; -1 where the system or the file system has no such thing.
int open_direct(int fd) noexcept;

// The error of a call that just set errno: "cannot <verb> <path>".
inline error failure(errc fallback, std::string_view verb, const std::string& path) {
  const int os_error = errno;
  return os_failure(fallback, std::string("cannot ").append(verb).append(" ").append(path), os_error);
}

// Calls f() again as long as a signal interrupts it.
template <class F>
auto uninterrupted(F f) {
  auto value = f();
  while (value < 0 && errno == EINTR) value = f();
  return value;
}

}  // namespace umbra::store::posix
