// SPDX-License-Identifier: GPL-3.0-or-later
// A committed image, open for reading. Its map is complete: nothing walks to a parent.
#pragma once

#include <memory>

#include "engine/base/result.h"
#include "engine/image/image_info.h"

namespace umbra::image {

// Safe from many threads. Never writes.
class image_reader {
 public:
  virtual ~image_reader() = default;
  virtual const image_info& info() const = 0;
  virtual const domain& keys() const = 0;

  // Region `index` (of div_up(size, region_size)) of source `source`; errc::out_of_range beyond. The answer is whole and
  // checked (sorted, no gaps, page hash right) or an error. A few recently used regions are kept.
  virtual result<region_ptr> region_at(std::size_t source, std::uint64_t index) = 0;

  // If every region in [index, count) up to the answer is the same single state (never `stored`), how many regions
  // that is and which state; count 0 otherwise. Lets readers pass over empty terabytes.
  struct uniform_run {
    std::uint64_t count = 0;
    block_state state = block_state::unallocated;
  };
  virtual result<uniform_run> uniform_at(std::size_t source, std::uint64_t index) = 0;

  // Fills out[0, b.size) with the bytes of stored block `b`. The record's checksum and its identity with b.id are checked;
  // errc::checksum, errc::decode or errc::damaged name the pack and offset. out.size() == b.size.
  // `rehash` also computes the content id of the bytes.
  virtual result<void> fetch(const block& b, byte_span out, bool rehash = false) = 0;

  // The record of stored block `b` is where the map says, and its header agrees; its payload is not read.
  virtual result<void> locate(const block& b) = 0;

  // Packs the image needs, its own and others', sorted.
  virtual const std::vector<pack_id>& packs() const = 0;
  // All of them are there and have their size: asked before a restore touches its target. errc::not_found or errc::damaged.
  virtual result<void> check_packs() = 0;
};

}  // namespace umbra::image
