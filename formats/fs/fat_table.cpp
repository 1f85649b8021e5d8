// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/fat_table.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

namespace umbra::fs {
namespace {

// Entries read at once: an even number, so that entries of 12 bits begin at a byte.
constexpr std::uint64_t chunk_entries = 256 << 10;
constexpr std::uint64_t reserved_entries = cluster_space::first_number;

}  // namespace

fat_table::fat_table(io::unaligned_reader& reader, const fat_geometry& geometry)
    : reader_(reader),
      geometry_(geometry),
      last_(geometry.bits == 32 ? 0x0fffffff : (1u << geometry.bits) - 1),
      active_(reader, {geometry.fat + geometry.active * geometry.fat_size, geometry.fat_size}) {}

result<std::uint32_t> fat_table::after(std::uint32_t cluster) {
  const std::uint64_t pair = cluster & ~1u;  // two entries fill whole bytes
  TRY(const auto bytes, within("FAT", active_.entry(pair * geometry_.bits / 8, geometry_.bits / 4)));
  const auto entry = entry_at(bytes, cluster & 1);
  if (entry > last_ - 8) return end;
  if (!is_used(entry)) return broken;
  return entry;
}

result<void> fat_table::read_copy(unsigned copy, std::uint64_t first, byte_span out) {
  const auto place = geometry_.fat + copy * geometry_.fat_size + (first + reserved_entries) * geometry_.bits / 8;
  return within(fmt::format("FAT {}", copy + 1), reader_.read(place, out));
}

std::uint32_t fat_table::entry_at(byte_view entries, std::uint64_t index) const {
  const auto i = static_cast<std::size_t>(index);
  if (geometry_.bits == 32) return read_struct<wire::u32>(entries.subspan(4 * i, 4)).value() & last_;
  if (geometry_.bits == 16) return read_struct<wire::u16>(entries.subspan(2 * i, 2)).value();
  const auto pair = read_struct<wire::u16>(entries.subspan(i + i / 2, 2)).value();
  return i % 2 == 0 ? pair & 0xfffu : pair >> 4u;
}

bool fat_table::is_used(std::uint32_t entry) const { return entry != 0 && entry != last_ - 8; }

result<void> fat_table::add_usage(cluster_ranges& out, const cluster_set& touched) {
  copies_differ_ = false;
  for (std::uint64_t first = 0; first < geometry_.space.count; first += chunk_entries) {
    CHECK(add_chunk(first, std::min<std::uint64_t>(chunk_entries, geometry_.space.count - first), out, touched));
  }
  return success();
}

result<void> fat_table::add_chunk(std::uint64_t first, std::uint64_t count, cluster_ranges& out, const cluster_set& touched) {
  const auto size = static_cast<std::size_t>(bytes_of_entries(count));
  if (chunk_.size() < size) chunk_ = buffer(size);
  CHECK(read_copy(0, first, chunk_.span().first(size)));
  std::vector<std::uint64_t> words(static_cast<std::size_t>(div_up(count, 64)), 0);
  mark_used(chunk_.view().first(size), count, words);
  for (unsigned copy = 1; copy < geometry_.fat_count; ++copy) {
    if (other_.size() < size) other_ = buffer(size);
    CHECK(read_copy(copy, first, other_.span().first(size)));
    if (std::memcmp(chunk_.data(), other_.data(), size) == 0) continue;
    copies_differ_ = true;
    mark_used(other_.view().first(size), count, words);
  }
  for (std::size_t i = 0; i < words.size(); ++i) out.add(words[i] | touched.word(first + i * 64));
  return success();
}

void fat_table::mark_used(byte_view entries, std::uint64_t count, std::vector<std::uint64_t>& words) const {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (is_used(entry_at(entries, i))) words[static_cast<std::size_t>(i / 64)] |= std::uint64_t{1} << (i % 64);
  }
}

// FAT12 has no room for such bits.
result<bool> fat_table::is_clean() {
  if (geometry_.bits == 12) return true;
  std::array<std::byte, 4> bytes{};
  const auto size = geometry_.bits / 8;
  CHECK(reader_.read(geometry_.fat + geometry_.active * geometry_.fat_size + size, byte_span(bytes).first(size)));
  const auto entry = read_struct<wire::u32>(bytes).value();
  const auto both = 3u << (geometry_.bits == 32 ? 26 : 14);
  return (entry & both) == both;
}

}  // namespace umbra::fs
