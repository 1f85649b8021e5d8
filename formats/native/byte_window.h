// SPDX-License-Identifier: GPL-3.0-or-later
// A file read front to back in large reads, seen through a buffer that moves along and grows to the largest piece asked for.
#pragma once

#include "engine/base/buffer.h"
#include "engine/base/result.h"
#include "engine/base/units.h"
#include "engine/store/file_system.h"

namespace umbra::native {

class byte_window {
 public:
  // `file` must outlive it; only its first `size` bytes are read.
  byte_window(store::input_file& file, std::uint64_t size) : file_(file), size_(size) {}

  // [offset, offset + n), which must lie inside the file. Valid until the next call. Cheap when offsets rise; any order works.
  // Where a large read fails, exactly the bytes asked for are tried, so that one bad sector hides no more than it must.
  result<byte_view> at(std::uint64_t offset, std::size_t n);

 private:
  bool holds(std::uint64_t offset, std::size_t n) const { return offset >= base_ && fits(offset - base_, n, filled_); }
  void make_room(std::uint64_t offset, std::size_t capacity);
  result<void> fill(std::size_t end);

  store::input_file& file_;
  std::uint64_t size_;
  buffer memory_;
  std::uint64_t base_ = 0;  // place in the file of the buffer's first byte
  std::size_t filled_ = 0;
  std::uint64_t careful_until_ = 0;  // a large read failed before here: until then only what is asked for is read
};

}  // namespace umbra::native
