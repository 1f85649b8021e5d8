// SPDX-License-Identifier: GPL-3.0-or-later
// A blocked Bloom filter over content ids: one 64-byte block a key, so a probe costs one cache line. Ten bits a key and six bits
// set for each give about one false "maybe" in a hundred and never a false "no". Ids are keyed hashes, so their own bits serve
// as the hash; bytes 0..7 are left to the sorted pages, 8..11 pick the block, 16..23 the bits.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/block/hash.h"

namespace umbra::native {

constexpr std::uint32_t filter_block_bytes = 64;

// Bytes of a filter for so many keys: at least one block, a multiple of 64.
std::uint64_t filter_bytes(std::uint64_t keys);

// Sets the bits of `id`; `filter` is a whole filter, zeros at first.
void filter_add(byte_span filter, const content_id& id);

// Where in a filter of `size` bytes (a multiple of 64, not 0) the block of `id` lies.
std::uint64_t filter_block_offset(std::uint64_t size, const content_id& id);

// False: never added. `filter` is a whole filter, not empty.
bool filter_may_hold(byte_view filter, const content_id& id);

}  // namespace umbra::native
