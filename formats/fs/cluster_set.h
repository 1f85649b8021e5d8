// SPDX-License-Identifier: GPL-3.0-or-later
// A set of clusters, one bit each, in pages that exist once something in them is set: a large volume with little on it costs
// little.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace umbra::fs {

class cluster_set {
 public:
  explicit cluster_set(std::uint64_t count) : pages_(static_cast<std::size_t>(count / page_bits + 1)) {}

  // `index` below count. False if it was there already.
  bool insert(std::uint64_t index) {
    auto& page = pages_[static_cast<std::size_t>(index / page_bits)];
    if (!page) page = std::make_unique<std::uint64_t[]>(page_bits / 64);
    auto& word = page[static_cast<std::size_t>(index % page_bits / 64)];
    const auto bit = std::uint64_t{1} << (index % 64);
    if (word & bit) return false;
    word |= bit;
    return true;
  }

  // The bits of 64 clusters from `index` on, a multiple of 64; the first one lowest.
  std::uint64_t word(std::uint64_t index) const {
    const auto& page = pages_[static_cast<std::size_t>(index / page_bits)];
    return page ? page[static_cast<std::size_t>(index % page_bits / 64)] : 0;
  }

 private:
  static constexpr std::uint64_t page_bits = 1 << 18;
  std::vector<std::unique_ptr<std::uint64_t[]>> pages_;
};

}  // namespace umbra::fs
