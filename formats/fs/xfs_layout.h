// SPDX-License-Identifier: GPL-3.0-or-later
// Structures of XFS on disk, big-endian but for checksums ("XFS Algorithms & Data Structures", 3rd edition, of the XFS project).
// Version 5 added a checksum and its own address to each of them; what has both forms begins alike.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/wire.h"

namespace umbra::fs {

constexpr std::uint32_t xfs_magic = 0x58465342;  // "XFSB"

struct xfs_superblock {
  wire::be32 magic;
  wire::be32 block_size;
  wire::be64 blocks;
  wire::be64 realtime_blocks;
  wire::be64 realtime_extents;
  wire::u8 id[16];
  wire::be64 log_start;  // 0: on another device
  wire::be64 root_inode;
  wire::be64 realtime_inodes[2];  // the bitmap and the summary
  wire::be32 realtime_extent_size;
  wire::be32 ag_blocks;
  wire::be32 ag_count;
  wire::be32 realtime_bitmap_blocks;
  wire::be32 log_blocks;
  wire::be16 version;  // low four bits; the rest are features
  wire::be16 sector_size;
  wire::be16 inode_size;
  wire::be16 inodes_per_block;
  char label[12];
  wire::u8 block_log;
  wire::u8 sector_log;
  wire::u8 inode_log;
  wire::u8 inodes_per_block_log;
  wire::u8 ag_block_log;
  wire::u8 realtime_extents_log;
  wire::u8 in_progress;
  wire::u8 inode_percentage;
  wire::be64 counters[4];  // inodes, free inodes, free blocks, free realtime extents; the kernel does not keep them exact
  wire::be64 quota_inodes[2];
  wire::be16 quota_flags;
  wire::u8 flags;
  wire::u8 shared_version;
  wire::be32 inode_alignment;
  wire::be32 stripe[2];
  wire::u8 directory_block_log;
  wire::u8 log_sector_log;
  wire::be16 log_sector_size;
  wire::be32 log_stripe;
  wire::be32 features2;
  wire::be32 bad_features2;
  // From here on version 5 only.
  wire::be32 compat;
  wire::be32 ro_compat;
  wire::be32 incompat;
  wire::be32 log_incompat;
  wire::u32 crc;
  wire::be32 sparse_alignment;
  wire::be64 project_quota_inode;
  wire::be64 lsn;
  wire::u8 metadata_id[16];  // with the feature meta_uuid, what structures carry in place of `id`
};
static_assert(sizeof(xfs_superblock) == 264);
static_assert(offsetof(xfs_superblock, log_start) == 48);
static_assert(offsetof(xfs_superblock, version) == 100);
static_assert(offsetof(xfs_superblock, label) == 108);
static_assert(offsetof(xfs_superblock, quota_flags) == 176);
static_assert(offsetof(xfs_superblock, directory_block_log) == 192);
static_assert(offsetof(xfs_superblock, compat) == 208);
static_assert(offsetof(xfs_superblock, crc) == 224);

// The head of an allocation group's free space, in its second sector.
struct xfs_agf {
  static constexpr std::uint32_t right_magic = 0x58414746;  // "XAGF"
  wire::be32 magic;
  wire::be32 version;
  wire::be32 number;
  wire::be32 length;
  wire::be32 roots[3];  // free space by place, free space by size, owners
  wire::be32 levels[3];
  wire::be32 list_first;
  wire::be32 list_last;
  wire::be32 list_count;
  wire::be32 free_blocks;
  wire::be32 longest;
  wire::be32 tree_blocks;
  wire::u8 id[16];
  wire::be32 owner_tree_blocks;
  wire::be32 sharing_tree_blocks;
  wire::be32 sharing_root;
  wire::be32 sharing_levels;
  wire::u8 spare[112];
  wire::be64 lsn;
  wire::u32 crc;
  wire::be32 spare2;
};
static_assert(sizeof(xfs_agf) == 224 && offsetof(xfs_agf, id) == 64 && offsetof(xfs_agf, crc) == 216);

// The head of an allocation group's inodes, in its third sector.
struct xfs_agi {
  static constexpr std::uint32_t right_magic = 0x58414749;  // "XAGI"
  wire::be32 magic;
  wire::be32 version;
  wire::be32 number;
  wire::be32 length;
  wire::be32 count;
  wire::be32 root;
  wire::be32 levels;
  wire::be32 free_count;
  wire::be32 newest[2];
  wire::be32 unlinked[64];
  wire::u8 id[16];
  wire::u32 crc;
  wire::be32 pad;
  wire::be64 lsn;
  wire::be32 free_root;
  wire::be32 free_levels;
  wire::be32 tree_blocks[2];
};
static_assert(sizeof(xfs_agi) == 344 && offsetof(xfs_agi, id) == 296 && offsetof(xfs_agi, crc) == 312);

// Blocks kept for the trees' own growth, in the fourth sector; version 4 has the list alone.
struct xfs_agfl {
  static constexpr std::uint32_t right_magic = 0x5841464c;  // "XAFL"
  wire::be32 magic;
  wire::be32 number;
  wire::u8 id[16];
  wire::be64 lsn;
  wire::u32 crc;
};
static_assert(sizeof(xfs_agfl) == 36);

// The head of a tree's block, up to what the two widths of pointers have in common.
struct xfs_tree_head {
  wire::be32 magic;
  wire::be16 level;
  wire::be16 records;
};
// What version 5 adds behind the siblings; the owner has the width of the pointers.
struct xfs_tree_address {
  wire::be64 place;  // in units of 512 bytes, of the volume
  wire::be64 lsn;
  wire::u8 id[16];
};
static_assert(sizeof(xfs_tree_head) == 8 && sizeof(xfs_tree_address) == 32);

struct xfs_free_extent {
  wire::be32 block;
  wire::be32 count;
};
struct xfs_inode_chunk {
  wire::be32 first;  // of 64
  wire::be16 holes;  // with sparse inodes: four inodes a bit; else the high half of the number of free ones
  wire::u8 counts[2];
  wire::be64 free_mask;
};
struct xfs_shared_extent {
  wire::be32 block;  // highest bit: set aside for a copy on write
  wire::be32 count;
  wire::be32 references;
};
struct xfs_packed_extent {
  wire::be64 high;  // bit 63 unwritten, then 54 of the block in the file, then 9 of the block on disk
  wire::be64 low;   // 43 of the block on disk, 21 of the count
};
static_assert(sizeof(xfs_free_extent) == 8 && sizeof(xfs_inode_chunk) == 16 && sizeof(xfs_shared_extent) == 12);
static_assert(sizeof(xfs_packed_extent) == 16);

struct xfs_dinode {
  static constexpr std::uint16_t right_magic = 0x494e;  // "IN"
  wire::be16 magic;
  wire::be16 mode;
  wire::u8 version;
  wire::u8 format;
  wire::be16 old_links;
  wire::be32 owner[2];
  wire::be32 links;
  wire::be16 project[2];
  wire::be64 many_extents;  // with the feature nrext64
  wire::be64 times[3];
  wire::be64 size;
  wire::be64 blocks;
  wire::be32 extent_size;
  wire::be32 extents;  // with nrext64: of the attributes
  wire::be16 attribute_extents;
  wire::u8 fork_offset;  // of the attributes, in 8 bytes; 0: there are none
  wire::u8 attribute_format;
  wire::be32 migration_mask;
  wire::be16 migration_state;
  wire::be16 flags;
  wire::be32 generation;
  wire::be32 next_unlinked;
  // From here on version 3 only.
  wire::u32 crc;
  wire::be64 changes;
  wire::be64 lsn;
  wire::be64 flags2;
  wire::be32 copy_size;
  wire::u8 pad[12];
  wire::be64 created;
  wire::be64 number;
  wire::u8 id[16];
};
static_assert(sizeof(xfs_dinode) == 176 && offsetof(xfs_dinode, size) == 56 && offsetof(xfs_dinode, flags) == 90);
static_assert(offsetof(xfs_dinode, crc) == 100 && offsetof(xfs_dinode, number) == 152);

// The head of a directory's block. Version 5 ends at 64, version 4 at 16.
struct xfs_directory_head {
  wire::be32 magic;
  wire::u32 crc;
  wire::be64 place;
  wire::be64 lsn;
  wire::u8 id[16];
  wire::be64 owner;
};
static_assert(sizeof(xfs_directory_head) == 48);

// Of the log. A record is a head of 512 bytes, more heads for what lies behind 32 KiB, and the bytes.
struct xfs_log_record {
  static constexpr std::uint32_t right_magic = 0xfeedbabe;
  wire::be32 magic;
  wire::be32 cycle;
  wire::be32 version;
  wire::be32 length;
  wire::be64 lsn;
  wire::be64 tail_lsn;
  wire::u32 crc;
  wire::be32 previous;
  wire::be32 operations;
  wire::be32 first_words[64];  // of each 512 bytes, where the cycle stands in their place
  wire::be32 machine;          // byte order of what is inside
  wire::u8 id[16];
  wire::be32 buffer_size;
};
static_assert(sizeof(xfs_log_record) == 324 && offsetof(xfs_log_record, crc) == 32);

struct xfs_log_operation {
  wire::be32 transaction;
  wire::be32 length;
  wire::u8 client;
  wire::u8 flags;
  wire::be16 unused;
};
static_assert(sizeof(xfs_log_operation) == 12);

}  // namespace umbra::fs
