// SPDX-License-Identifier: GPL-3.0-or-later
// The superblock of ext2, ext3 and ext4, checked before libext2fs sees a byte of it: that library trusts more than we do.
#pragma once

#include <cstddef>

#include "engine/base/result.h"
#include "engine/base/wire.h"
#include "engine/plan/formatted_volume.h"

namespace umbra::fs {

constexpr std::uint64_t ext_superblock_offset = 1024;
constexpr std::uint16_t ext_magic = 0xef53;

// The fields we look at (linux/fs/ext4/ext4.h has all of them).
struct ext_superblock {
  wire::u32 inodes;
  wire::u32 blocks_low;
  wire::u32 reserved_blocks;
  wire::u32 free_blocks;
  wire::u32 free_inodes;
  wire::u32 first_data_block;
  wire::u32 log_block_size;    // 1024 << this
  wire::u32 log_cluster_size;  // 1024 << this; the block's without bigalloc
  wire::u32 blocks_per_group;
  wire::u32 clusters_per_group;
  wire::u32 inodes_per_group;
  wire::u32 times[3];
  wire::u16 magic;
  wire::u16 state;
  wire::u32 behaviour;
  wire::u32 checked[2];
  wire::u32 creator;
  wire::u32 revision;
  wire::u32 reserved_owner;
  wire::u32 first_inode;
  wire::u16 inode_size;
  wire::u16 group_of_this_copy;
  wire::u32 compat;
  wire::u32 incompat;
  wire::u32 ro_compat;
  wire::u8 id[16];  // the UUID, as text from left to right
  char label[16];
  wire::u8 last_mounted[64];
  wire::u8 other[6];
  wire::u16 reserved_descriptor_blocks;
  wire::u8 journal_id[16];
  wire::u32 journal_inode;  // 0: elsewhere
  wire::u32 journal_device;
  wire::u32 orphans;
  wire::u8 hashing[18];
  wire::u16 descriptor_size;
  wire::u32 mount_options;
  wire::u32 first_meta_group;
  wire::u8 journal_backup[72];
  wire::u32 blocks_high;
  wire::u8 unused[32];
  wire::u8 log_groups_per_flex;
  wire::u8 rest[651];
};
static_assert(sizeof(ext_superblock) == 1024);
static_assert(offsetof(ext_superblock, magic) == 56);
static_assert(offsetof(ext_superblock, compat) == 92);
static_assert(offsetof(ext_superblock, reserved_descriptor_blocks) == 206);
static_assert(offsetof(ext_superblock, journal_inode) == 224);
static_assert(offsetof(ext_superblock, descriptor_size) == 254);
static_assert(offsetof(ext_superblock, blocks_high) == 336);
static_assert(offsetof(ext_superblock, log_groups_per_flex) == 372);

namespace ext_compat {
constexpr std::uint32_t has_journal = 0x4;
}
namespace ext_incompat {
constexpr std::uint32_t filetype = 0x2, recover = 0x4, journal_device = 0x8, meta_bg = 0x10, extents = 0x40, bit64 = 0x80,
                        mmp = 0x100, flex_bg = 0x200, ea_inode = 0x400, csum_seed = 0x2000, large_dir = 0x4000,
                        inline_data = 0x8000, encrypt = 0x10000, casefold = 0x20000;
}
namespace ext_ro_compat {
constexpr std::uint32_t sparse_super = 0x1, large_file = 0x2, huge_file = 0x8, gdt_csum = 0x10, dir_nlink = 0x20,
                        extra_isize = 0x40, quota = 0x100, bigalloc = 0x200, metadata_csum = 0x400, read_only = 0x1000,
                        project = 0x2000, verity = 0x8000, orphan_present = 0x10000;
}

struct ext_geometry {
  std::uint32_t block_size = 0;
  std::uint64_t blocks = 0;
  std::uint64_t size() const { return blocks * block_size; }
};

// The geometry if the file system can be understood on a volume of this size, and is in order once its journal is replayed; else
// an error whose text is the reason, fit for a note.
result<ext_geometry> check(const ext_superblock& super, std::uint64_t volume_size);

// It was not unmounted: its journal is replayed before anything else is read.
bool needs_replay(const ext_superblock& super);

enum class ext_journal_place : std::uint8_t { none, inside, elsewhere };
ext_journal_place journal_place_of(const ext_superblock& super);

// "ext2", "ext3" or "ext4", by features.
const char* generation_of(const ext_superblock& super);

// As the superblock says it, unchecked.
plan::volume_facts facts_of(const ext_superblock& super);

}  // namespace umbra::fs
