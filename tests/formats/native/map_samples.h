// SPDX-License-Identifier: GPL-3.0-or-later
// Seeded regions, pages and a place to append pages to, for the tests of maps.
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#include "engine/base/units.h"
#include "formats/native/map_page.h"
#include "formats/native/map_writer.h"
#include "formats/native/page_bytes.h"

namespace umbra::test {

using image::block_state;
using native::page_pointer;

class dice {
 public:
  explicit dice(std::uint64_t seed) : engine_(seed) {}
  // In [low, high].
  std::uint64_t roll(std::uint64_t low, std::uint64_t high) { return low + engine_() % (high - low + 1); }
  template <class Id>
  Id id() {
    Id out;
    for (std::byte& b : out.bytes) b = static_cast<std::byte>(engine_() | 1);
    return out;
  }

 private:
  std::mt19937_64 engine_;
};

inline image::pack_id sample_pack(std::uint8_t n) {
  image::pack_id id;
  id.session.bytes.fill(static_cast<std::byte>(n));
  id.number = n;
  return id;
}

inline content_key sample_key() {
  content_key key;
  key.bytes.fill(std::byte{7});
  return key;
}

inline void make_stored(image::block& b, dice& d) {
  b.state = block_state::stored;
  b.where.pack = sample_pack(static_cast<std::uint8_t>(d.roll(1, 5)));
  b.where.offset = native::page_size + d.roll(0, 1u << 30) * native::record_alignment;
  b.where.stored_size = static_cast<std::uint32_t>(d.roll(1, b.size));
  b.change = d.id<change_hash>();
  b.id = d.id<content_id>();
}

// Every state, blocks of up to `longest` bytes (a multiple of 512, at most 4 MiB).
inline image::region sample_region(std::uint64_t seed, std::uint64_t index, std::uint64_t size, std::uint64_t longest = 4_MiB) {
  dice d(seed);
  image::region r;
  r.index = index;
  r.size = size;
  for (std::uint64_t at = 0; at < size;) {
    image::block b;
    b.offset = r.offset() + at;
    b.size = std::min(size - at, d.roll(1, longest / native::sector) * native::sector);
    b.state = static_cast<block_state>(d.roll(0, 4));
    if (b.state == block_state::stored) make_stored(b, d);
    r.blocks.push_back(b);
    at += b.size;
  }
  return r;
}

// One stored block, then zeros: a leaf of two blocks.
inline image::region small_region(std::uint64_t index, std::uint8_t content = 1) {
  image::region r;
  r.index = index;
  r.size = image::region_size;
  image::block stored;
  stored.offset = r.offset();
  stored.size = 65536;
  stored.state = block_state::stored;
  stored.where = {sample_pack(9), 8192, 100};
  stored.id.bytes.fill(static_cast<std::byte>(content));
  image::block rest;
  rest.offset = stored.end();
  rest.size = r.size - stored.size;
  rest.state = block_state::zero;
  r.blocks = {stored, rest};
  return r;
}

inline page_pointer uniform_pointer(block_state state) {
  page_pointer p;
  p.state = state;
  return p;
}

inline page_pointer sample_page(dice& d) {
  page_pointer p;
  p.kind = native::child_kind::page;
  p.where.pack = sample_pack(static_cast<std::uint8_t>(d.roll(1, 5)));
  p.where.offset = native::page_size + d.roll(0, 1u << 30) * native::record_alignment;
  p.plain_size = static_cast<std::uint32_t>(d.roll(native::min_node_bytes, native::max_node_bytes));
  p.where.stored_size = p.plain_size;
  p.id = d.id<content_id>();
  return p;
}

// A child of a node, of any kind and state.
inline page_pointer sample_pointer(dice& d) {
  constexpr block_state states[] = {block_state::unallocated, block_state::zero, block_state::unreadable, block_state::excluded};
  if (d.roll(0, 1) == 0) return uniform_pointer(states[d.roll(0, 3)]);
  return sample_page(d);
}

// Where a map_writer's pages go.
struct page_shelf {
  struct entry {
    native::record_type type;
    image::location where;
    std::vector<std::byte> bytes;
  };
  image::pack_id pack = sample_pack(1);
  std::uint64_t next = native::page_size;
  std::vector<entry> entries;

  native::append_record appender() {
    return [this](const native::record& r) -> result<image::location> {
      const image::location where{pack, next, static_cast<std::uint32_t>(r.stored.size())};
      entries.push_back({r.type, where, {r.stored.begin(), r.stored.end()}});
      next += native::record_extent(where.stored_size);
      return where;
    };
  }
  const std::vector<std::byte>& bytes_of(const page_pointer& p) const {
    return std::find_if(entries.begin(), entries.end(), [&](const entry& e) { return e.where == p.where; })->bytes;
  }
  std::size_t count(native::record_type type) const {
    return static_cast<std::size_t>(
        std::count_if(entries.begin(), entries.end(), [&](const entry& e) { return e.type == type; }));
  }
};

// Changes one structure inside encoded bytes.
template <class T, class F>
void edit(std::vector<std::byte>& bytes, std::size_t at, F change) {
  T value = read_struct<T>(byte_view(bytes).subspan(at, sizeof(T)));
  change(value);
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

inline void flip_bit(std::vector<std::byte>& bytes, std::size_t bit) {
  bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
}

}  // namespace umbra::test
