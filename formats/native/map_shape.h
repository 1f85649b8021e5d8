// SPDX-License-Identifier: GPL-3.0-or-later
// The radix tree over a source's regions: pure arithmetic on its size. Level 0 is a leaf, level n + 1 has 256 children of level
// n.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/units.h"
#include "engine/image/block.h"
#include "formats/native/layout.h"

namespace umbra::native {

class map_shape {
 public:
  explicit constexpr map_shape(std::uint64_t source_size)
      : size_(source_size), regions_(div_up(source_size, image::region_size)) {
    while (span(level_) < regions_) ++level_;
  }

  // At most 2^39, so a tree of any source has at most five levels.
  constexpr std::uint64_t regions() const { return regions_; }
  // Of the root: at least 1.
  constexpr std::uint8_t level() const { return level_; }
  // Bytes of region `index` (< regions()).
  constexpr std::uint64_t region_bytes(std::uint64_t index) const {
    return std::min(image::region_size, size_ - index * image::region_size);
  }

  // Regions below a full page of `level`.
  static constexpr std::uint64_t span(std::uint8_t level) { return std::uint64_t{1} << (8u * level); }
  // First region of the page of `level` that covers region `index`.
  static constexpr std::uint64_t first(std::uint8_t level, std::uint64_t index) { return align_down(index, span(level)); }
  // First region behind the page of `level` that starts at `first_region`.
  constexpr std::uint64_t end(std::uint8_t level, std::uint64_t first_region) const {
    return std::min(regions_, first_region + span(level));
  }
  // Children of the node of `level` (>= 1) that starts at `first_region`.
  constexpr std::uint64_t children(std::uint8_t level, std::uint64_t first_region) const {
    return div_up(end(level, first_region) - first_region, span(static_cast<std::uint8_t>(level - 1)));
  }

 private:
  std::uint64_t size_;
  std::uint64_t regions_;
  std::uint8_t level_ = 1;
};
static_assert(map_shape::span(1) == node_fanout);
static_assert(map_shape{~std::uint64_t{0}}.level() == 5);

}  // namespace umbra::native
