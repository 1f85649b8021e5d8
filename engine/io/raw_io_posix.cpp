// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/raw_io_posix.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

namespace umbra::io {
namespace {

// Linux moves at most 2 GiB less a page; a power of two below keeps direct transfers aligned.
constexpr std::size_t largest_call = std::size_t{1} << 30;

template <class Call>
moved once(Call call) {
  for (;;) {
    const auto n = call();
    if (n >= 0) return {static_cast<std::size_t>(n), 0};
    if (errno != EINTR) return {0, errno};
  }
}

}  // namespace

moved read_once(int fd, std::uint64_t offset, byte_span out) {
  return once([&] { return ::pread(fd, out.data(), std::min(out.size(), largest_call), static_cast<off_t>(offset)); });
}

moved write_once(int fd, std::uint64_t offset, byte_view in) {
  return once([&] { return ::pwrite(fd, in.data(), std::min(in.size(), largest_call), static_cast<off_t>(offset)); });
}

error transfer_failure(const std::string& name, transfer::direction way, std::uint64_t offset, int os_error) {
  auto place = fmt::format("{} at {}", name, offset);
  if (way == transfer::direction::write) return os_failure(errc::io_write, std::move(place), os_error == 0 ? EIO : os_error);
  if (os_error == 0) return {errc::source_changed, place + ": it ends early"};
  if (os_error == ENXIO || os_error == ENODEV) return {errc::source_changed, place + ": it went away", os_error};
  return os_failure(errc::io_read, std::move(place), os_error);
}

}  // namespace umbra::io
