// SPDX-License-Identifier: GPL-3.0-or-later
// The unit of work of a backup: about a mebibyte of a region, read in one go and handled by one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/flow/buffer_pool.h"
#include "engine/image/block.h"
#include "engine/io/device.h"
#include "engine/jobs/scrape.h"
#include "engine/plan/allocation_map.h"

namespace umbra::jobs {

// A piece of a region as the planner sees it before anything is read.
struct segment {
  enum class kind : std::uint8_t {
    known,      // state is known without reading: unallocated, zero (a hole), excluded
    candidate,  // a stored block of the parent that may be unchanged
    fresh,      // to be read and stored, cut by the present layout
  };
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  kind what = kind::known;
  image::block_state state = image::block_state::unallocated;  // known
  const image::block* parent = nullptr;                        // candidate; lives in region_plan::parent
  std::uint64_t end() const { return offset + size; }
};

// Immutable once made; shared by the units of a region.
struct region_plan {
  std::size_t source = 0;
  std::uint64_t index = 0;
  std::uint64_t size = 0;
  image::region_ptr parent;       // null: no parent, or nothing known here
  std::vector<segment> segments;  // cover the region
};

// One read from the device into a unit's buffer.
struct unit_read {
  io::transfer transfer;
  std::uint64_t buffer_offset = 0;
  std::uint64_t size = 0;
};

struct unit {
  std::uint64_t sequence = 0;
  std::shared_ptr<const region_plan> region;
  std::size_t first_segment = 0;
  std::size_t segment_count = 0;
  bool last_of_region = false;
  // Regions after this one that need no reading: `uniform_count` of state `uniform_state` (a unit without region), see planner.
  std::uint64_t uniform_index = 0;
  std::uint64_t uniform_count = 0;
  image::block_state uniform_state = image::block_state::unallocated;
  std::size_t source = 0;

  flow::buffer_pool::lease memory;  // first half: what was read; second half: encoded records
  std::vector<unit_read> reads;
  std::size_t reads_pending = 0;
  std::vector<unread_piece> unread;  // pieces of the reads that are given up for good; only of what is read a second time

  // The read that covers [offset, offset + size) of the source; null for what is not read.
  unit_read* read_of(std::uint64_t offset, std::uint64_t size) {
    for (auto& r : reads) {
      if (offset >= r.transfer.offset && offset + size <= r.transfer.offset + r.size) return &r;
    }
    return nullptr;
  }
  // Its bytes.
  byte_span bytes(std::uint64_t offset, std::uint64_t size) {
    auto* r = read_of(offset, size);
    return r == nullptr ? byte_span{} : r->transfer.memory.subspan(offset - r->transfer.offset, size);
  }
};

// What became of a block, in order, after a unit was handled.
struct handled_block {
  image::block block;
  bool fresh = false;      // `stored` is to be appended (if nobody stored the same meanwhile)
  bool unchanged = false;  // kept from the parent
  std::uint8_t codec = 0;
  std::uint64_t checksum = 0;
  byte_view stored;  // in the unit's memory
};

}  // namespace umbra::jobs
