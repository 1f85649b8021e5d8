// SPDX-License-Identifier: GPL-3.0-or-later
// How many reads to keep in flight. A slow device wants many; bytes that are in memory already want few, since every buffer more
// is one that has left the processor's cache before its bytes are looked at.
#pragma once

#include <algorithm>

namespace umbra::flow {

// Grows by one whenever the bytes had to be waited for, shrinks by one after a long run in which they never had to.
class depth_control {
 public:
  // From `least` (where it starts) to `most`; 1 <= least <= most.
  depth_control(unsigned least, unsigned most) : least_(std::min(least, most)), most_(most), depth_(least_) {}

  unsigned depth() const { return depth_; }

  // The bytes wanted next had to be waited for, or were there.
  void came(bool waited) {
    if (waited) {
      depth_ = std::min(depth_ + 1, most_);
      in_time_ = 0;
    } else if (++in_time_ == long_run) {
      depth_ = std::max(depth_ - 1, least_);
      in_time_ = 0;
    }
  }

 private:
  static constexpr unsigned long_run = 64;
  unsigned least_;
  unsigned most_;
  unsigned depth_;
  unsigned in_time_ = 0;
};

}  // namespace umbra::flow
