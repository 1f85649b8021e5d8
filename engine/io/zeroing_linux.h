// SPDX-License-Identifier: GPL-3.0-or-later
// The ladder of ways to make a range of a file or block node read as zeros without sending them.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "engine/base/result.h"
#include "engine/io/device.h"

namespace umbra::io {

// Remembers which rungs this file or node does not have. Thread-safe.
class zero_ladder {
 public:
  explicit zero_ladder(bool block_device) : block_device_(block_device) {}

  // True: the range reads as zeros. False: no rung held, zeros must be written. The range lies inside the file; on a block node
  // it is a multiple of the logical sector.
  result<bool> zero(int fd, std::uint64_t offset, std::uint64_t size, zero_mode mode);

 private:
  enum class rung : std::uint8_t { punch_hole, zero_range, zero_out };

  std::span<const rung> rungs(zero_mode mode) const;
  bool is_missing(rung r) const { return (missing_ & bit(r)) != 0; }
  static unsigned bit(rung r) { return 1u << static_cast<unsigned>(r); }
  static int step(rung r, int fd, std::uint64_t offset, std::uint64_t size);

  const bool block_device_;
  std::atomic<unsigned> missing_ = 0;
};

}  // namespace umbra::io
