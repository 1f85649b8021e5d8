// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/loop_device_linux.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>

#include <cerrno>

#include <fmt/format.h>

namespace umbra::io {
namespace {

// Others look for free nodes at the same time.
constexpr int most_attempts = 64;

result<unique_fd> open_control() {
  unique_fd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (control.is_open()) return control;
  return os_failure(errc::unsupported, "/dev/loop-control");
}

}  // namespace

result<loop_device> attach_loop(int file, range window, bool read_only) {
  TRY(const auto control, open_control());
  loop_config config{};
  config.fd = static_cast<__u32>(file);
  config.info.lo_offset = window.offset;
  config.info.lo_sizelimit = window.size;
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0);
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) return os_failure(errc::unsupported, "a free loop device");
    auto node = fmt::format("/dev/loop{}", number);
    unique_fd fd(::open(node.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd.is_open() && errno != EBUSY) return os_failure(errc::unsupported, node);
    if (fd.is_open() && ::ioctl(fd.get(), LOOP_CONFIGURE, &config) == 0) return loop_device(std::move(node), std::move(fd));
    if (errno != EBUSY) return os_failure(errc::io_write, node + ": setting it up");
  }
  return error(errc::busy, "no loop device stays free long enough to be set up");
}

}  // namespace umbra::io
