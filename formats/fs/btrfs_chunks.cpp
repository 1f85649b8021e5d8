// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs_chunks.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/units.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t stripe_length = 64_KiB;

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

bool overlap(std::vector<range> places) {
  std::ranges::sort(places, {}, &range::offset);
  for (std::size_t i = 1; i < places.size(); ++i)
    if (places[i].offset < places[i - 1].end()) return true;
  return false;
}

result<void> check_chunk(const btrfs_chunk& c, const btrfs_disk_chunk& head, const btrfs_geometry& g) {
  const auto profile = c.type & ~btrfs_profile::purposes;
  if (profile != 0 && profile != btrfs_profile::dup) return doubt(fmt::format("chunk {}: profile {:#x}", c.logical, profile));
  if (head.stripes.value() != (profile == 0 ? 1 : 2)) return doubt(fmt::format("chunk {}: number of stripes", c.logical));
  if ((c.type & btrfs_profile::purposes) == 0) return doubt(fmt::format("chunk {}: purpose", c.logical));
  if (head.stripe_length.value() != stripe_length) return doubt(fmt::format("chunk {}: length of stripes", c.logical));
  if (c.size == 0 || !is_aligned(c.logical | c.size, g.sector_size) || !checked_add(c.logical, c.size))
    return doubt(fmt::format("chunk {}: size", c.logical));
  return success();
}

}  // namespace

result<btrfs_chunk> decode_chunk(std::uint64_t logical, byte_view item, const btrfs_geometry& g) {
  if (item.size() < sizeof(btrfs_disk_chunk)) return doubt("a chunk is cut short");
  const auto head = read_struct<btrfs_disk_chunk>(item);
  btrfs_chunk c;
  c.logical = logical;
  c.size = head.size.value();
  c.type = head.type.value();
  CHECK(check_chunk(c, head, g));
  c.copies = static_cast<std::uint8_t>(head.stripes.value());
  if (item.size() != sizeof(head) + c.copies * sizeof(btrfs_disk_stripe)) return doubt("size of a chunk's item");
  for (std::uint8_t i = 0; i < c.copies; ++i) {
    const auto stripe = read_struct<btrfs_disk_stripe>(item.subspan(sizeof(head) + i * sizeof(btrfs_disk_stripe)));
    c.places[i] = stripe.offset.value();
    if (stripe.device.value() != g.device_id || read_struct<btrfs_uuid>(bytes_of(stripe.device_uuid)) != g.device_uuid)
      return doubt(fmt::format("chunk {} lies on another device", logical));
    if (!fits(c.places[i], c.size, g.device_size) || !is_aligned(c.places[i], g.sector_size))
      return doubt(fmt::format("chunk {} lies outside its device", logical));
  }
  return c;
}

result<std::vector<btrfs_chunk>> system_chunks(const btrfs_superblock& super, const btrfs_geometry& g) {
  std::vector<btrfs_chunk> chunks;
  auto left = bytes_of(super.system_chunks).first(super.system_chunks_size.value());
  while (!left.empty()) {
    constexpr auto head_size = sizeof(btrfs_disk_key) + sizeof(btrfs_disk_chunk);
    if (left.size() < head_size) return doubt("its system chunks are cut short");
    const btrfs_key key(read_struct<btrfs_disk_key>(left));
    if (key.type != btrfs_type::chunk_item) return doubt("its system chunks hold something else");
    const auto head = read_struct<btrfs_disk_chunk>(left.subspan(sizeof(btrfs_disk_key)));
    const auto size = head_size + head.stripes.value() * sizeof(btrfs_disk_stripe);
    if (left.size() < size) return doubt("its system chunks are cut short");
    TRY(const auto chunk, decode_chunk(key.offset, left.subspan(sizeof(btrfs_disk_key), size - sizeof(btrfs_disk_key)), g));
    if ((chunk.type & btrfs_profile::system) == 0) return doubt("its system chunks hold another one");
    chunks.push_back(chunk);
    left = left.subspan(size);
  }
  return chunks;
}

result<btrfs_chunks> btrfs_chunks::make(std::vector<btrfs_chunk> chunks) {
  std::ranges::sort(chunks, {}, &btrfs_chunk::logical);
  std::vector<range> logical;
  std::vector<range> physical;
  for (const auto& c : chunks) {
    logical.push_back({c.logical, c.size});
    for (std::uint8_t i = 0; i < c.copies; ++i) physical.push_back({c.places[i], c.size});
  }
  if (overlap(std::move(logical)) || overlap(std::move(physical))) return doubt("chunks overlap");
  btrfs_chunks made;
  made.chunks_ = std::move(chunks);
  return made;
}

const btrfs_chunk* btrfs_chunks::find(std::uint64_t logical, std::uint64_t size) const {
  const auto behind = std::ranges::upper_bound(chunks_, logical, {}, &btrfs_chunk::logical);
  if (behind == chunks_.begin()) return nullptr;
  const auto& c = behind[-1];
  return fits(logical - c.logical, size, c.size) ? &c : nullptr;
}

}  // namespace umbra::fs
