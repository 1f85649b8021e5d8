// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/plan/cuts.h"

#include <algorithm>

namespace umbra::plan {
namespace {

// Collects blocks from `at` on; every piece starts where the last one ended.
class knife {
 public:
  knife(range window, std::uint32_t block_size) : at_(window.offset), end_(window.end()), block_size_(block_size) {
    blocks_.reserve(static_cast<std::size_t>(window.size / block_size) + 2);
  }

  std::uint64_t at() const { return at_; }
  bool done() const { return at_ >= end_; }

  // Cuts up to `end` (at most the window's end) where (offset + phase) is a multiple of the block size; wraps on purpose.
  void slice(std::uint64_t end, std::uint64_t phase) {
    end = std::min(end, end_);
    while (at_ < end) {
      const auto step = block_size_ - (at_ + phase) % block_size_;
      const auto size = std::min(step, end - at_);
      blocks_.push_back({at_, size});
      at_ += size;
    }
  }

  std::vector<range> take() { return std::move(blocks_); }

 private:
  std::uint64_t at_;
  std::uint64_t end_;
  std::uint64_t block_size_;
  std::vector<range> blocks_;
};

}  // namespace

std::vector<range> cut(range window, std::span<const file_extent> files, std::uint32_t block_size) {
  knife blade(window, block_size);
  auto file = std::partition_point(files.begin(), files.end(), [&](const auto& f) { return f.end() <= window.offset; });
  for (; file != files.end() && !blade.done(); ++file) {
    blade.slice(file->offset, 0);
    // Only the remainders count: no sum of an offset and a file offset that could overflow.
    const auto phase = file->file_offset % block_size + block_size - file->offset % block_size;
    blade.slice(file->end(), phase);
  }
  blade.slice(window.end(), 0);
  return blade.take();
}

}  // namespace umbra::plan
