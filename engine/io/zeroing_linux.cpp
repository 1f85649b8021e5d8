// SPDX-License-Identifier: GPL-3.0-or-later
// BLKDISCARD is not a rung: what it leaves behind is not always zeros, and sysfs no longer says. FALLOC_FL_PUNCH_HOLE on a block
// node unmaps only where the kernel guarantees zeros, and fails otherwise.
#include "engine/io/zeroing_linux.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "engine/base/units.h"

namespace umbra::io {
namespace {

using namespace umbra::literals;

// A block node may be zeroed by the kernel writing zeros, in a call that no signal ends: keep each short.
constexpr std::uint64_t largest_step = 1_GiB;

bool says_never(int os_error) { return os_error == EOPNOTSUPP || os_error == ENOSYS || os_error == ENOTTY || os_error == ENODEV; }

}  // namespace

std::span<const zero_ladder::rung> zero_ladder::rungs(zero_mode mode) const {
  static constexpr std::array release_file{rung::punch_hole, rung::zero_range};
  static constexpr std::array release_node{rung::punch_hole, rung::zero_out};
  static constexpr std::array write_file{rung::zero_range};
  static constexpr std::array write_node{rung::zero_range, rung::zero_out};
  if (mode == zero_mode::release) return block_device_ ? release_node : release_file;
  if (block_device_) return write_node;
  return write_file;
}

// 0 or an errno.
int zero_ladder::step(rung r, int fd, std::uint64_t offset, std::uint64_t size) {
  const auto call = [&] {
    if (r == rung::zero_out) {
      std::array<std::uint64_t, 2> span{offset, size};
      return ::ioctl(fd, BLKZEROOUT, span.data());
    }
    const int what = r == rung::punch_hole ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE;
    return ::fallocate(fd, what | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(size));
  };
  for (;;) {
    if (call() == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

result<bool> zero_ladder::zero(int fd, std::uint64_t offset, std::uint64_t size, zero_mode mode) {
  for (const auto r : rungs(mode)) {
    if (is_missing(r)) continue;
    int failure = 0;
    for (std::uint64_t done = 0; done < size && failure == 0; done += largest_step) {
      failure = step(r, fd, offset + done, std::min(size - done, largest_step));
    }
    if (failure == 0) return true;
    if (failure == ENOSPC) return os_failure(errc::io_write, "zeroing", failure);
    // Any other failure may be this rung's own; the next one, or writing, tells the truth.
    if (says_never(failure)) missing_ |= bit(r);
  }
  return false;
}

}  // namespace umbra::io
