// SPDX-License-Identifier: GPL-3.0-or-later
// The part of a FAT or exFAT volume that is divided into clusters. The first cluster's number is 2; its index, here, is 0.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/block/extent.h"

namespace umbra::fs {

struct cluster_space {
  std::uint64_t begin = 0;  // of the volume, in bytes
  std::uint32_t cluster_size = 0;
  std::uint32_t count = 0;

  static constexpr std::uint32_t first_number = 2;
  bool contains(std::uint32_t number) const { return number >= first_number && number - first_number < count; }
  std::uint64_t place(std::uint32_t number) const { return begin + std::uint64_t{number - first_number} * cluster_size; }
  std::uint64_t end() const { return begin + std::uint64_t{count} * cluster_size; }
};

// Neighbours: numbers [first, first + count).
struct cluster_run {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

inline range place_of(const cluster_space& space, cluster_run run) {
  return {space.place(run.first), std::uint64_t{run.count} * space.cluster_size};
}

// Makes ranges of the volume out of bits of clusters in their order. Ranges beyond the limit become one, up to the last cluster.
class cluster_ranges {
 public:
  cluster_ranges(const cluster_space& space, std::size_t limit) : space_(space), limit_(std::max<std::size_t>(limit, 1)) {}

  // The next 64 clusters, the first one lowest; bits behind the last cluster are ignored.
  void add(std::uint64_t word) {
    if (word == (open_ ? ~std::uint64_t{0} : 0) && index_ + 64 <= space_.count) {
      index_ += 64;
      return;
    }
    for (unsigned bit = 0; bit < 64; ++bit, ++index_) {
      const bool used = (word >> bit & 1) != 0 && index_ < space_.count;
      if (used == open_) continue;
      open_ = used;
      if (open_) {
        start_ = index_;
      } else {
        close(index_);
      }
    }
  }

  // Once, after the last word.
  range_list take() {
    if (open_) close(space_.count);
    return std::move(ranges_);
  }
  bool shortened() const { return shortened_; }

 private:
  void close(std::uint64_t end) {
    if (shortened_) return;
    shortened_ = ranges_.size() + 1 >= limit_ && end < space_.count;
    if (shortened_) end = space_.count;
    ranges_.push_back({space_.begin + start_ * space_.cluster_size, (end - start_) * space_.cluster_size});
  }

  const cluster_space space_;
  const std::size_t limit_;
  range_list ranges_;
  std::uint64_t index_ = 0;
  std::uint64_t start_ = 0;
  bool open_ = false;
  bool shortened_ = false;
};

}  // namespace umbra::fs
