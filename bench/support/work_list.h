// SPDX-License-Identifier: GPL-3.0-or-later
// What of a disk a floor reads: the blocks a full image would hold, in chunks that lie together.
#pragma once

#include <vector>

#include "engine/base/result.h"
#include "engine/block/extent.h"
#include "engine/io/device.h"
#include "engine/plan/allocation_map.h"

namespace umbra::bench {

struct work_chunk {
  range where;            // at most chunk_size
  std::size_t first = 0;  // into work_list::blocks
  std::size_t count = 0;
};

constexpr std::uint64_t chunk_size = std::uint64_t{1} << 20;

struct work_list {
  std::vector<range> blocks;
  std::vector<work_chunk> chunks;
  std::uint64_t bytes = 0;  // of all blocks
};

// Used ranges without the file's holes, cut where the backup job cuts: at borders of regions and by plan::cut between them.
result<work_list> make_work_list(io::device& disk, const plan::allocation& allocation, std::uint32_t block_size);

}  // namespace umbra::bench
