// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/xfs_superblock.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/block/hash.h"
#include "formats/fs/names.h"

namespace umbra::fs {
namespace {

namespace version_bits {
constexpr std::uint16_t number = 0xf, shared = 0x200, directory2 = 0x2000, more = 0x8000;
}
namespace features2 {
constexpr std::uint32_t crc = 0x100, file_types = 0x200;
// Lazy counters, attributes 2, 32-bit projects, checksums, file types.
constexpr std::uint32_t known = 0x2 | 0x8 | 0x80 | crc | file_types;
}  // namespace features2
namespace ro_compat {
constexpr std::uint32_t free_inode_tree = 1, owner_tree = 2, sharing = 4, inode_tree_counts = 8;
constexpr std::uint32_t known = free_inode_tree | owner_tree | sharing | inode_tree_counts;
}  // namespace ro_compat
namespace incompat {
constexpr std::uint32_t file_types = 1, sparse_inodes = 2, metadata_id = 4, big_times = 8, needs_repair = 0x10,
                        many_extents = 0x20, exchange = 0x40, parents = 0x80;
constexpr std::uint32_t known = file_types | sparse_inodes | metadata_id | big_times | many_extents | exchange | parents;
}  // namespace incompat

constexpr std::uint32_t smallest_group = 64;  // blocks; the kernel mounts none smaller

bool is_power_between(std::uint64_t value, std::uint64_t low, std::uint64_t high) {
  return is_power_of_two(value) && value >= low && value <= high;
}

unsigned log2_of(std::uint64_t power) { return static_cast<unsigned>(std::countr_zero(power)); }

result<void> check_features(const xfs_superblock& s) {
  const auto version = s.version.value() & version_bits::number;
  if (version != 4 && version != 5) return xfs_doubt(fmt::format("version {}", version));
  if (!(s.version.value() & version_bits::directory2) || (s.version.value() & version_bits::shared))
    return xfs_doubt("an old form of directories or sharing");
  if (s.version.value() & version_bits::more) {
    if (const auto unknown = s.features2.value() & ~features2::known) {
      return xfs_doubt(fmt::format("unknown feature {:#x}", unknown));
    }
  }
  if (version == 4) return success();
  if (s.incompat.value() & incompat::needs_repair) return xfs_doubt("it is marked for repair");
  if (const auto unknown = s.incompat.value() & ~incompat::known)
    return xfs_doubt(fmt::format("unknown incompat feature {:#x}", unknown));
  if (const auto unknown = s.ro_compat.value() & ~ro_compat::known)
    return xfs_doubt(fmt::format("unknown ro_compat feature {:#x}", unknown));
  return success();
}

result<void> check_units(const xfs_superblock& s) {
  if (!is_power_between(s.block_size.value(), 512, 65536) || s.block_log.value() != log2_of(s.block_size.value()))
    return xfs_doubt("block size");
  if (!is_power_between(s.sector_size.value(), 512, 32768) || s.sector_size.value() > s.block_size.value() ||
      s.sector_log.value() != log2_of(s.sector_size.value())) {
    return xfs_doubt("sector size");
  }
  if (!is_power_between(s.inode_size.value(), 256, 2048) || s.inode_size.value() > s.block_size.value() ||
      s.inode_log.value() != log2_of(s.inode_size.value())) {
    return xfs_doubt("inode size");
  }
  const auto per_block = s.block_size.value() / s.inode_size.value();
  if (s.inodes_per_block.value() != per_block || s.inodes_per_block_log.value() != log2_of(per_block))
    return xfs_doubt("inodes per block");
  const auto directory_log = s.block_log.value() + s.directory_block_log.value();
  if (directory_log > 16) return xfs_doubt("size of directory blocks");
  return success();
}

result<void> check_groups(const xfs_superblock& s, std::uint64_t volume_size) {
  const auto blocks = s.blocks.value();
  const auto ag_blocks = s.ag_blocks.value();
  if (s.in_progress.value() != 0) return xfs_doubt("it was never completed");
  if (blocks > volume_size / s.block_size.value()) return xfs_doubt("it is larger than its volume");
  if (ag_blocks < smallest_group || ag_blocks > 1u << 31) return xfs_doubt("size of allocation groups");
  if (s.ag_block_log.value() != std::bit_width(ag_blocks - 1u)) return xfs_doubt("size of allocation groups");
  const auto groups = div_up(blocks, ag_blocks);
  if (groups == 0 || groups != s.ag_count.value()) return xfs_doubt("number of allocation groups");
  if (blocks - (groups - 1) * ag_blocks < smallest_group) return xfs_doubt("size of the last allocation group");
  return success();
}

result<range> check_log_place(const xfs_superblock& s, const xfs_geometry& g) {
  if (s.log_start.value() == 0) return xfs_doubt("its log lies on another device");
  const auto place = g.place_of_blocks(s.log_start.value(), s.log_blocks.value());
  if (!place || s.log_blocks.value() == 0) return xfs_doubt("place of the log");
  return *place;
}

void take_features(xfs_geometry& g, const xfs_superblock& s) {
  const bool has_more = (s.version.value() & version_bits::more) != 0;
  g.checksums = (s.version.value() & version_bits::number) == 5;
  g.file_types = has_more && (s.features2.value() & features2::file_types) != 0;
  std::ranges::copy(bytes_of(s.id), g.id.begin());
  g.realtime = s.realtime_blocks.value() != 0;
  if (!g.checksums) return;
  const auto has = [&](std::uint32_t bit) { return (s.incompat.value() & bit) != 0; };
  g.file_types = has(incompat::file_types);
  g.sparse_inodes = has(incompat::sparse_inodes);
  g.many_extents = has(incompat::many_extents);
  g.sharing = (s.ro_compat.value() & ro_compat::sharing) != 0;
  g.owner_tree = (s.ro_compat.value() & ro_compat::owner_tree) != 0;
  g.free_inode_tree = (s.ro_compat.value() & ro_compat::free_inode_tree) != 0;
  g.log_features = s.log_incompat.value();
  if (has(incompat::metadata_id)) std::ranges::copy(bytes_of(s.metadata_id), g.id.begin());
}

}  // namespace

error xfs_doubt(std::string why) { return {errc::decode, std::move(why)}; }

bool has_right_crc(byte_view block, std::size_t crc_offset) {
  std::array<std::byte, 512> head{};  // every structure has its checksum in here
  const auto stored = read_struct<wire::u32>(block.subspan(crc_offset)).value();
  std::ranges::copy(block.first(crc_offset), head.begin());
  return crc32c(byte_view(head).first(crc_offset + 4), block.subspan(crc_offset + 4)) == stored;
}

result<xfs_geometry> check_xfs(byte_view sector, std::uint64_t volume_size) {
  const auto s = read_struct<xfs_superblock>(sector);
  CHECK(check_features(s));
  CHECK(check_units(s));
  if (sector.size() < s.sector_size.value()) return xfs_doubt("it is larger than its volume");
  xfs_geometry g;
  take_features(g, s);
  if (g.checksums && !has_right_crc(sector.first(s.sector_size.value()), offsetof(xfs_superblock, crc)))
    return xfs_doubt("wrong checksum of the superblock");
  CHECK(check_groups(s, volume_size));
  g.sector_size = s.sector_size.value();
  g.block_size = s.block_size.value();
  g.inode_size = s.inode_size.value();
  g.directory_block_size = g.block_size << s.directory_block_log.value();
  g.inodes_per_block_log = s.inodes_per_block_log.value();
  g.ag_block_log = s.ag_block_log.value();
  g.blocks = s.blocks.value();
  g.ag_blocks = s.ag_blocks.value();
  g.ag_count = s.ag_count.value();
  g.root_inode = s.root_inode.value();
  TRY(g.log, check_log_place(s, g));
  return g;
}

bool same_geometry(const xfs_superblock& a, const xfs_superblock& b) {
  return a.magic.value() == b.magic.value() && a.block_size.value() == b.block_size.value() &&
         a.blocks.value() == b.blocks.value() && a.ag_blocks.value() == b.ag_blocks.value() &&
         a.ag_count.value() == b.ag_count.value() && a.log_start.value() == b.log_start.value() &&
         a.log_blocks.value() == b.log_blocks.value() && a.sector_size.value() == b.sector_size.value() &&
         a.incompat.value() == b.incompat.value() && a.ro_compat.value() == b.ro_compat.value();
}

plan::volume_facts facts_of(const xfs_superblock& s) {
  plan::volume_facts facts;
  facts.kind = "XFS";
  facts.label = label_text({s.label, sizeof(s.label)});
  facts.id = uuid_text(bytes_of(s.id));
  if (!is_power_between(s.block_size.value(), 512, 65536)) return facts;
  facts.cluster = s.block_size.value();
  facts.size = checked_mul(s.blocks.value(), facts.cluster).value_or(0);
  return facts;
}

std::uint32_t xfs_geometry::blocks_of(std::uint32_t ag) const {
  if (ag + 1 < ag_count) return ag_blocks;
  return static_cast<std::uint32_t>(blocks - std::uint64_t{ag} * ag_blocks);
}

std::uint64_t xfs_geometry::place_of(std::uint32_t ag, std::uint64_t block) const {
  return (std::uint64_t{ag} * ag_blocks + block) * block_size;
}

std::optional<range> xfs_geometry::place_of_blocks(std::uint64_t first, std::uint64_t count) const {
  const auto ag = first >> ag_block_log;
  const auto block = first & ((std::uint64_t{1} << ag_block_log) - 1);
  if (ag >= ag_count) return std::nullopt;
  const auto number = static_cast<std::uint32_t>(ag);
  if (!fits(block, count, blocks_of(number))) return std::nullopt;
  return range{place_of(number, block), count * block_size};
}

std::optional<std::uint64_t> xfs_geometry::place_of_inode(std::uint64_t number) const {
  const auto in_block = number & ((std::uint64_t{1} << inodes_per_block_log) - 1);
  const auto block = place_of_blocks(number >> inodes_per_block_log, 1);
  if (!block) return std::nullopt;
  return block->offset + in_block * inode_size;
}

std::uint64_t xfs_geometry::inode_number(std::uint32_t ag, std::uint32_t in_group) const {
  return std::uint64_t{ag} << (ag_block_log + inodes_per_block_log) | in_group;
}

std::uint64_t xfs_geometry::head_blocks() const { return div_up(std::uint64_t{4} * sector_size, block_size); }

}  // namespace umbra::fs
