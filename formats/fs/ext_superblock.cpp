// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_superblock.h"

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/fs/names.h"

namespace umbra::fs {
namespace {

constexpr std::uint16_t state_clean = 1;
constexpr std::uint16_t state_errors = 2;

// Enough for 256 TiB of 4 KiB blocks; keeps the descriptors of a hostile file system below 128 MiB.
constexpr std::uint64_t group_limit = 1 << 21;
constexpr std::uint32_t smallest_group = 256;  // blocks; mke2fs makes none smaller

constexpr std::uint32_t known_incompat = ext_incompat::filetype | ext_incompat::recover | ext_incompat::meta_bg |
                                         ext_incompat::extents | ext_incompat::bit64 | ext_incompat::mmp | ext_incompat::flex_bg |
                                         ext_incompat::ea_inode | ext_incompat::csum_seed | ext_incompat::large_dir |
                                         ext_incompat::inline_data | ext_incompat::encrypt | ext_incompat::casefold;
// An unknown one of these is no reason not to read, but it may change what a bitmap means, as bigalloc did.
constexpr std::uint32_t known_ro_compat = ext_ro_compat::sparse_super | ext_ro_compat::large_file | ext_ro_compat::huge_file |
                                          ext_ro_compat::gdt_csum | ext_ro_compat::dir_nlink | ext_ro_compat::extra_isize |
                                          ext_ro_compat::quota | ext_ro_compat::bigalloc | ext_ro_compat::metadata_csum |
                                          ext_ro_compat::read_only | ext_ro_compat::project | ext_ro_compat::verity |
                                          ext_ro_compat::orphan_present;

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

bool has(const wire::u32& word, std::uint32_t bits) { return (word.value() & bits) != 0; }

result<void> check_state(const ext_superblock& s) {
  if (has(s.incompat, ext_incompat::journal_device)) return doubt("an external journal, not a file system");
  if (s.state.value() & state_errors) return doubt("the kernel found errors in it");
  if (!(s.state.value() & state_clean)) return doubt("it was not cleanly unmounted");
  return success();
}

result<void> check_features(const ext_superblock& s) {
  if (s.revision.value() > 1) return doubt(fmt::format("unknown revision {}", s.revision.value()));
  if (const auto unknown = s.incompat.value() & ~known_incompat)
    return doubt(fmt::format("unknown incompat feature {:#x}", unknown));
  if (const auto unknown = s.ro_compat.value() & ~known_ro_compat) {
    return doubt(fmt::format("unknown ro_compat feature {:#x}", unknown));
  }
  return success();
}

// Block size, cluster size, and what a group is.
result<void> check_units(const ext_superblock& s) {
  const bool bigalloc = has(s.ro_compat, ext_ro_compat::bigalloc);
  const auto log_block = s.log_block_size.value();
  const auto log_cluster = s.log_cluster_size.value();
  if (log_block > 6) return doubt("block size");
  if (log_cluster < log_block || log_cluster > 20 || (!bigalloc && log_cluster != log_block)) return doubt("cluster size");
  const std::uint32_t bits = 8 * (1024u << log_block);
  const auto clusters = s.clusters_per_group.value();
  if (s.blocks_per_group.value() < smallest_group || clusters == 0 || clusters % 8 != 0 || clusters > bits)
    return doubt("group size");
  if (std::uint64_t{clusters} << (log_cluster - log_block) != s.blocks_per_group.value()) return doubt("group size in clusters");
  const auto first = s.first_data_block.value();
  if (first > 1 || (first == 1) != (log_block == 0 && !bigalloc)) return doubt("first block");
  return success();
}

result<void> check_tables(const ext_superblock& s) {
  const auto block_size = 1024u << s.log_block_size.value();
  const std::uint32_t inode_size = s.revision.value() == 0 ? 128 : s.inode_size.value();
  if (!is_power_of_two(inode_size) || inode_size < 128 || inode_size > block_size) return doubt("inode size");
  const auto inodes = s.inodes_per_group.value();
  if (inodes == 0 || inodes > 8 * block_size || inodes % (block_size / inode_size) != 0) return doubt("inodes per group");
  if (has(s.incompat, ext_incompat::bit64)) {
    const auto size = s.descriptor_size.value();
    if (size < 64 || size > 1024 || !is_power_of_two(size)) return doubt("descriptor size");
  }
  if (s.reserved_descriptor_blocks.value() > block_size / 4) return doubt("reserved descriptor blocks");
  if (s.log_groups_per_flex.value() > 31) return doubt("groups per flex group");
  return success();
}

}  // namespace

result<ext_geometry> check(const ext_superblock& s, std::uint64_t volume_size) {
  CHECK(check_state(s));
  CHECK(check_features(s));
  CHECK(check_units(s));
  CHECK(check_tables(s));
  ext_geometry g;
  g.block_size = 1024u << s.log_block_size.value();
  g.blocks = s.blocks_low.value();
  if (has(s.incompat, ext_incompat::bit64)) g.blocks |= std::uint64_t{s.blocks_high.value()} << 32;
  if (g.blocks <= s.first_data_block.value()) return doubt("number of blocks");
  if (g.blocks > volume_size / g.block_size) return doubt("it is larger than its volume");
  const auto groups = div_up(g.blocks - s.first_data_block.value(), s.blocks_per_group.value());
  if (groups > group_limit) return doubt("too many groups");
  if (groups * s.inodes_per_group.value() != s.inodes.value()) return doubt("number of inodes");
  return g;
}

bool needs_replay(const ext_superblock& s) { return has(s.incompat, ext_incompat::recover); }

ext_journal_place journal_place_of(const ext_superblock& s) {
  if (!has(s.compat, ext_compat::has_journal)) return ext_journal_place::none;
  return s.journal_inode.value() != 0 ? ext_journal_place::inside : ext_journal_place::elsewhere;
}

const char* generation_of(const ext_superblock& s) {
  using namespace ext_incompat;
  const bool newer = has(s.incompat, extents | bit64 | flex_bg | mmp | inline_data | csum_seed | encrypt) ||
                     has(s.ro_compat, ext_ro_compat::huge_file | ext_ro_compat::gdt_csum | ext_ro_compat::dir_nlink |
                                          ext_ro_compat::extra_isize | ext_ro_compat::metadata_csum | ext_ro_compat::bigalloc);
  if (newer) return "ext4";
  return has(s.compat, ext_compat::has_journal) ? "ext3" : "ext2";
}

plan::volume_facts facts_of(const ext_superblock& s) {
  plan::volume_facts facts;
  facts.kind = generation_of(s);
  facts.label = label_text({s.label, sizeof(s.label)});
  facts.id = uuid_text(bytes_of(s.id));
  if (s.log_block_size.value() > 6) return facts;
  facts.cluster = 1024u << s.log_block_size.value();
  const auto blocks = has(s.incompat, ext_incompat::bit64) ? std::uint64_t{s.blocks_high.value()} << 32 : 0;
  facts.size = (blocks | s.blocks_low.value()) * facts.cluster;
  return facts;
}

}  // namespace umbra::fs
