// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs_superblock.h"

#include <algorithm>

#include <fmt/format.h>
#include <xxhash.h>

#include "engine/base/units.h"
#include "engine/block/hash.h"
#include "formats/fs/names.h"

namespace umbra::fs {
namespace {

// Reserved at the beginning of every device.
constexpr std::uint64_t smallest_device = 1_MiB;

enum checksum_kind : std::uint16_t { crc32 = 0, xxhash64 = 1, sha256 = 2, blake2b = 3 };

constexpr std::uint64_t known_flags = 0x3;  // written, relocation
constexpr std::uint64_t known_incompat =
    btrfs_incompat::mixed_backref | btrfs_incompat::default_subvolume | btrfs_incompat::mixed_groups |
    btrfs_incompat::compress_lzo | btrfs_incompat::compress_zstd | btrfs_incompat::big_metadata | btrfs_incompat::extended_iref |
    btrfs_incompat::raid56 | btrfs_incompat::skinny_metadata | btrfs_incompat::no_holes | btrfs_incompat::metadata_uuid |
    btrfs_incompat::raid1c34 | btrfs_incompat::simple_quota;
constexpr std::uint64_t known_ro_compat = btrfs_ro_compat::free_space_tree | btrfs_ro_compat::free_space_tree_valid |
                                          btrfs_ro_compat::verity | btrfs_ro_compat::block_group_tree;

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

btrfs_uuid uuid_of(const wire::u8 (&bytes)[16]) { return read_struct<btrfs_uuid>(bytes_of(bytes)); }

result<void> check_bytes(const btrfs_superblock& s) {
  switch (s.checksum_kind.value()) {
    case crc32:
    case xxhash64: break;
    case sha256: return doubt("its checksums are SHA-256, which are not verified here");
    case blake2b: return doubt("its checksums are BLAKE2b, which are not verified here");
    default: return doubt(fmt::format("unknown kind of checksum {}", s.checksum_kind.value()));
  }
  if (!btrfs_checksum_holds(s.checksum_kind.value(), bytes_of(s))) return error(errc::checksum, "superblock");
  if (s.offset.value() != btrfs_superblock_offset) return doubt("its superblock is a copy of another one");
  return success();
}

result<void> check_features(const btrfs_superblock& s) {
  using namespace btrfs_incompat;
  const auto incompat = s.incompat.value();
  if ((incompat & zoned) != 0) return doubt("it is on a zoned device");
  if ((incompat & extent_tree_v2) != 0) return doubt("extent tree v2");
  if ((incompat & raid_stripe_tree) != 0) return doubt("it has a RAID stripe tree");
  if ((incompat & mixed_backref) == 0) return doubt("its back references are of the first kind");
  if (const auto unknown = incompat & ~known_incompat) return doubt(fmt::format("unknown incompat feature {:#x}", unknown));
  if (const auto unknown = s.ro_compat.value() & ~known_ro_compat)
    return doubt(fmt::format("unknown ro_compat feature {:#x}", unknown));
  if (const auto unknown = s.flags.value() & ~known_flags)
    return doubt(fmt::format("unknown flag {:#x}: a change may be under way", unknown));
  return success();
}

result<void> check_units(const btrfs_superblock& s) {
  const auto sector = s.sector_size.value();
  const auto node = s.node_size.value();
  if (!is_power_of_two(sector) || sector < 4_KiB || sector > 64_KiB) return doubt("sector size");
  if (!is_power_of_two(node) || node < sector || node > 64_KiB) return doubt("node size");
  if (s.root_level.value() >= btrfs_max_level || s.chunk_root_level.value() >= btrfs_max_level ||
      s.log_root_level.value() >= btrfs_max_level)
    return doubt("level of a tree");
  if (s.system_chunks_size.value() > sizeof(s.system_chunks)) return doubt("size of its system chunks");
  return success();
}

result<void> check_device(const btrfs_superblock& s, const btrfs_uuid& fsid, std::uint64_t volume_size) {
  if (s.devices.value() != 1) return doubt(fmt::format("it is on {} devices", s.devices.value()));
  const auto size = s.device.total_bytes.value();
  if (size < smallest_device) return doubt("size of its device");
  if (size > volume_size) return doubt("it is larger than its volume");
  if (s.bytes_used.value() > size) return doubt("number of bytes in use");
  if (uuid_of(s.device.fsid) != fsid) return doubt("its device belongs to another file system");
  return success();
}

// All copies are written in each commit, the first one first.
result<void> check_mirrors(const btrfs_superblock& s, io::unaligned_reader& volume) {
  for (const auto offset : btrfs_mirror_offsets) {
    if (!fits(offset, sizeof(s), s.device.total_bytes.value())) continue;
    std::array<std::byte, sizeof(btrfs_superblock)> bytes;
    if (!volume.read(offset, bytes)) continue;
    const auto mirror = read_struct<btrfs_superblock>(bytes);
    const bool ours = mirror.magic.value() == btrfs_magic && mirror.offset.value() == offset &&
                      uuid_of(mirror.fsid) == uuid_of(s.fsid) && btrfs_checksum_holds(s.checksum_kind.value(), bytes);
    if (ours && mirror.generation.value() > s.generation.value()) return doubt("a copy of its superblock is newer");
  }
  return success();
}

}  // namespace

bool btrfs_checksum_holds(std::uint16_t kind, byte_view block) {
  const auto rest = block.subspan(32);
  if (kind == crc32) return crc32c(rest) == read_struct<wire::u32>(block).value();
  return kind == xxhash64 && XXH64(rest.data(), rest.size(), 0) == read_struct<wire::u64>(block).value();
}

result<btrfs_geometry> check(const btrfs_superblock& s, io::unaligned_reader& volume) {
  CHECK(check_bytes(s));
  CHECK(check_features(s));
  CHECK(check_units(s));
  btrfs_geometry g;
  // With a changed UUID the old one stays in the tree blocks.
  g.fsid = uuid_of((s.incompat.value() & btrfs_incompat::metadata_uuid) != 0 ? s.metadata_uuid : s.fsid);
  CHECK(check_device(s, g.fsid, volume.size()));
  CHECK(check_mirrors(s, volume));
  g.sector_size = s.sector_size.value();
  g.node_size = s.node_size.value();
  g.checksum_kind = s.checksum_kind.value();
  g.generation = s.generation.value();
  g.device_size = s.device.total_bytes.value();
  g.device_id = s.device.id.value();
  g.device_uuid = uuid_of(s.device.uuid);
  g.skinny_metadata = (s.incompat.value() & btrfs_incompat::skinny_metadata) != 0;
  g.block_group_tree = (s.ro_compat.value() & btrfs_ro_compat::block_group_tree) != 0;
  return g;
}

plan::volume_facts facts_of(const btrfs_superblock& s) {
  plan::volume_facts facts;
  facts.kind = "Btrfs";
  facts.label = label_text({s.label, sizeof(s.label)});
  facts.id = uuid_text(bytes_of(s.fsid));
  facts.size = s.device.total_bytes.value();
  if (s.sector_size.value() <= 64_KiB) facts.cluster = s.sector_size.value();
  return facts;
}

}  // namespace umbra::fs
