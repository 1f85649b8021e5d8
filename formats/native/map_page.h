// SPDX-License-Identifier: GPL-3.0-or-later
// Map pages in memory and on disk: leaves (a region's blocks) and nodes (256 children).
#pragma once

#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/image/block.h"
#include "formats/native/manifest.h"

namespace umbra::native {

struct node {
  std::uint8_t level = 1;
  std::uint64_t first_region = 0;
  std::vector<page_pointer> children;
};

// The rule of regions that `r` breaks, or nothing: blocks sorted, no gaps, no overlap, starts multiples of 512 (and ends, but for
// a size that is not), known states, stored blocks at most 4 MiB with a possible place, all others without any.
std::string_view broken_rule(const image::region& r);

// The region must be whole: broken_rule(r) says nothing. Same region, same bytes.
std::vector<std::byte> encode_leaf(const image::region& r);
// 1 to 256 children.
std::vector<std::byte> encode_node(const node& n);

// `index`, `size`, `level`, `first_region`, `child_count` are what the caller expects at this place, and no stored block may be
// larger than `largest_block`; anything else is errc::damaged. Hostile bytes give an error, never a read outside, more memory
// than a small multiple of bytes.size(), or a region that breaks the rules.
result<image::region> decode_leaf(byte_view bytes, std::uint64_t index, std::uint64_t size,
                                  std::uint64_t largest_block = max_block_size);
result<node> decode_node(byte_view bytes, std::uint8_t level, std::uint64_t first_region, std::uint64_t child_count);

// True if `p` could stand in a node or manifest for a page of `level` (0: a leaf): known state, possible place and size.
bool is_valid(const page_pointer& p, std::uint8_t level);

// The packs that a page names, sorted, each once.
std::vector<image::pack_id> packs_of(const image::region& r);
std::vector<image::pack_id> packs_of(const node& n);

}  // namespace umbra::native
