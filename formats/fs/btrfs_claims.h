// SPDX-License-Identifier: GPL-3.0-or-later
// Gathers what is in use by logical address, and answers with places on the device.
#pragma once

#include <cstddef>

#include "formats/fs/btrfs_chunks.h"

namespace umbra::fs {

class btrfs_claims {
 public:
  // Beyond `limit` ranges, chunks count as a whole.
  btrfs_claims(const btrfs_chunks& chunks, std::size_t limit) : chunks_(chunks), limit_(limit), is_whole_(chunks.all().size()) {}

  // Both copies, where there are two. An error if no chunk holds all of [logical, logical + size). Costs least in ascending
  // order.
  result<void> add(std::uint64_t logical, std::uint64_t size);
  bool is_coarse() const { return coarse_; }
  // Normalised, in bytes of the device.
  range_list take();

 private:
  void flush();
  void push(const btrfs_chunk& chunk, range logical);

  const btrfs_chunks& chunks_;
  const std::size_t limit_;
  const btrfs_chunk* chunk_ = nullptr;  // of run_
  range run_;                           // logical; not yet in places_
  std::vector<bool> is_whole_;          // which chunks were claimed as a whole
  range_list places_;
  bool coarse_ = false;
};

}  // namespace umbra::fs
