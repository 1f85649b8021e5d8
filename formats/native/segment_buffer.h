// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes gathered for one large append: page-aligned, reused, grown as needed and never shrunk.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/buffer.h"

namespace umbra::native {

class segment_buffer {
 public:
  // Memory is taken at the first extend().
  explicit segment_buffer(std::size_t capacity) : wanted_(capacity) {}

  std::size_t size() const { return size_; }
  byte_view view() const { return memory_.view().first(size_); }
  void clear() { size_ = 0; }

  // `n` more bytes at the end, contents unspecified; valid until the next call.
  byte_span extend(std::size_t n) {
    if (memory_.size() - size_ < n) grow(size_ + n);
    const auto added = memory_.span().subspan(size_, n);
    size_ += n;
    return added;
  }

 private:
  // By a fixed step beyond what is needed: what is gathered is bounded by a segment and its last record, so doubling would
  // only waste memory.
  static constexpr std::size_t step = std::size_t{1} << 20;

  void grow(std::size_t needed) {
    const auto capacity = std::max<std::size_t>(align_up(wanted_, page), align_up(needed + step, page));
    buffer larger(memory_.size() == 0 && needed <= wanted_ ? align_up(wanted_, page) : capacity);
    if (size_ != 0) std::memcpy(larger.data(), memory_.data(), size_);
    memory_ = std::move(larger);
  }

  static constexpr std::size_t page = buffer::alignment;
  std::size_t wanted_;
  buffer memory_;
  std::size_t size_ = 0;
};

}  // namespace umbra::native
