// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/byte_window.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/units.h"

namespace umbra::native {
namespace {

constexpr std::uint64_t read_size = 4 << 20;

}  // namespace

// Afterwards the buffer begins at `offset`, has room for `capacity` bytes, and keeps what it had of them.
void byte_window::make_room(std::uint64_t offset, std::size_t capacity) {
  const bool overlaps = offset >= base_ && offset - base_ < filled_;
  const auto skipped = overlaps ? static_cast<std::size_t>(offset - base_) : filled_;
  const auto kept = filled_ - skipped;
  if (memory_.size() < capacity) {
    buffer larger(capacity);
    if (kept != 0) std::memcpy(larger.data(), memory_.data() + skipped, kept);
    memory_ = std::move(larger);
  } else if (kept != 0) {
    std::memmove(memory_.data(), memory_.data() + skipped, kept);
  }
  base_ = offset;
  filled_ = kept;
}

result<void> byte_window::fill(std::size_t end) {
  if (end <= filled_) return success();
  CHECK(file_.read(base_ + filled_, memory_.span().subspan(filled_, end - filled_)));
  filled_ = end;
  return success();
}

result<byte_view> byte_window::at(std::uint64_t offset, std::size_t n) {
  if (!holds(offset, n)) {
    const auto most = offset < careful_until_ ? n : std::max<std::uint64_t>(n, read_size);
    const auto capacity = static_cast<std::size_t>(std::min(size_ - offset, most));
    make_room(offset, capacity);
    auto read = fill(capacity);
    if (read.has_error() && n < capacity) {
      careful_until_ = offset + capacity;
      read = fill(n);
    }
    CHECK(read);
  }
  return memory_.view().subspan(static_cast<std::size_t>(offset - base_), n);
}

}  // namespace umbra::native
