// SPDX-License-Identifier: GPL-3.0-or-later
// What an image says about a piece of a source: the block, its state, and where its record lies.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/block/extent.h"
#include "engine/block/hash.h"

namespace umbra::image {

using session_id = opaque_id<16, struct session_id_tag>;
using domain_id = opaque_id<16, struct domain_id_tag>;

// A pack's name for ever: who wrote it, and its number within that session. A single-file image is pack 0 of its session.
struct pack_id {
  session_id session;
  std::uint32_t number = 0;
  auto operator<=>(const pack_id&) const = default;
  bool operator==(const pack_id&) const = default;
};

// Where a record lies. `offset` is that of its header in the pack; `stored_size` the bytes after the header.
struct location {
  pack_id pack;
  std::uint64_t offset = 0;
  std::uint32_t stored_size = 0;
  bool operator==(const location&) const = default;
};

// Registry numbers of the format.
enum class block_state : std::uint8_t {
  unallocated = 0,  // the file system did not use it: its content is not known and reads as zeros
  zero = 1,         // it held zeros
  stored = 2,       // a record holds its bytes
  unreadable = 3,   // the source could not be read here: reads as zeros, listed in the report
  excluded = 4,     // left out on request: reads as zeros
};
constexpr bool is_known_state(std::uint8_t number) { return number <= 4; }

// [offset, offset + size) of a source; both multiples of 512, but for the end of a source that is not.
// A stored block is at most the image's block size; the other states may cover up to a whole region.
struct block {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  block_state state = block_state::unallocated;
  // The three below: of stored blocks only.
  location where;
  change_hash change;
  content_id id;
  std::uint64_t end() const { return offset + size; }
  bool operator==(const block&) const = default;
};

// A leaf of the map: a fixed piece of the source and its blocks, sorted, without gaps or overlap.
constexpr std::uint64_t region_size = std::uint64_t{32} << 20;
struct region {
  std::uint64_t index = 0;  // offset / region_size
  std::uint64_t size = 0;   // region_size, or less for a source's last one
  std::vector<block> blocks;
  std::uint64_t offset() const { return index * region_size; }
};
using region_ptr = std::shared_ptr<const region>;

}  // namespace umbra::image
