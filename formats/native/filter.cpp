// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/filter.h"

#include <algorithm>

#include <boost/endian/conversion.hpp>

#include "engine/base/units.h"

namespace umbra::native {
namespace {

constexpr std::uint64_t bits_per_key = 10;
constexpr unsigned bits_set = 6;
constexpr unsigned bit_index_width = 9;  // 512 bits a block

// Calls `use(byte, mask)` for each of the id's bits within its block.
template <class Use>
void for_each_bit(const content_id& id, Use&& use) {
  std::uint64_t bits = boost::endian::load_little_u64(reinterpret_cast<const unsigned char*>(id.bytes.data() + 16));
  for (unsigned i = 0; i < bits_set; ++i, bits >>= bit_index_width) {
    const auto bit = static_cast<unsigned>(bits & ((1u << bit_index_width) - 1));
    use(bit / 8, static_cast<std::byte>(1u << (bit % 8)));
  }
}

}  // namespace

std::uint64_t filter_bytes(std::uint64_t keys) {
  const std::uint64_t blocks = div_up(keys * bits_per_key, filter_block_bytes * 8);
  return std::max<std::uint64_t>(blocks, 1) * filter_block_bytes;
}

std::uint64_t filter_block_offset(std::uint64_t size, const content_id& id) {
  const std::uint64_t chosen = boost::endian::load_little_u32(reinterpret_cast<const unsigned char*>(id.bytes.data() + 8));
  return ((chosen * (size / filter_block_bytes)) >> 32) * filter_block_bytes;
}

void filter_add(byte_span filter, const content_id& id) {
  std::byte* block = filter.data() + filter_block_offset(filter.size(), id);
  for_each_bit(id, [&](unsigned byte, std::byte mask) { block[byte] |= mask; });
}

bool filter_may_hold(byte_view filter, const content_id& id) {
  const std::byte* block = filter.data() + filter_block_offset(filter.size(), id);
  bool all = true;
  for_each_bit(id, [&](unsigned byte, std::byte mask) { all = all && (block[byte] & mask) != std::byte{}; });
  return all;
}

}  // namespace umbra::native
