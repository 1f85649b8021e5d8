// SPDX-License-Identifier: GPL-3.0-or-later
// The structures of Btrfs on disk, as far as we look at them (linux/include/uapi/linux/btrfs_tree.h has all of them).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

#include "engine/base/wire.h"

namespace umbra::fs {

// Trees, and other numbers that stand in the first part of a key.
namespace btrfs_id {
constexpr std::uint64_t root_tree = 1, extent_tree = 2, chunk_tree = 3, device_tree = 4, file_tree = 5, checksum_tree = 7,
                        quota_tree = 8, uuid_tree = 9, free_space_tree = 10, block_group_tree = 11;
constexpr std::uint64_t first_free = 256, last_free = ~std::uint64_t{0} - 255;  // subvolumes, and inodes within one
constexpr std::uint64_t first_chunk_tree = 256;
constexpr std::uint64_t log_tree = ~std::uint64_t{0} - 5, reloc_tree = ~std::uint64_t{0} - 7,
                        data_reloc_tree = ~std::uint64_t{0} - 8;
}  // namespace btrfs_id

namespace btrfs_type {
constexpr std::uint8_t inode_item = 1, inode_ref = 12, inode_extref = 13, dir_item = 84, dir_index = 96, extent_data = 108,
                       root_item = 132, root_ref = 156, extent_item = 168, metadata_item = 169, extent_owner_ref = 172,
                       tree_block_ref = 176, extent_data_ref = 178, shared_block_ref = 182, shared_data_ref = 184,
                       block_group_item = 192, chunk_item = 228;
}  // namespace btrfs_type

// Purposes and profiles of chunks and block groups.
namespace btrfs_profile {
constexpr std::uint64_t data = 1, system = 2, metadata = 4, purposes = 7, dup = 32;
}

// What a key is on disk, and in order.
struct btrfs_disk_key {
  wire::u64 objectid;
  wire::u8 type;
  wire::u64 offset;
};
static_assert(sizeof(btrfs_disk_key) == 17);

struct btrfs_key {
  std::uint64_t objectid = 0;
  std::uint8_t type = 0;
  std::uint64_t offset = 0;
  btrfs_key() = default;
  constexpr btrfs_key(std::uint64_t id, std::uint8_t kind, std::uint64_t at) : objectid(id), type(kind), offset(at) {}
  explicit btrfs_key(const btrfs_disk_key& k) : objectid(k.objectid.value()), type(k.type.value()), offset(k.offset.value()) {}
  auto operator<=>(const btrfs_key&) const = default;
};

struct btrfs_disk_header {
  wire::u8 checksum[32];
  wire::u8 fsid[16];
  wire::u64 logical;
  wire::u64 flags;
  wire::u8 chunk_tree_id[16];
  wire::u64 generation;
  wire::u64 owner;
  wire::u32 count;
  wire::u8 level;
};
static_assert(sizeof(btrfs_disk_header) == 101);

struct btrfs_disk_pointer {
  btrfs_disk_key key;
  wire::u64 logical;
  wire::u64 generation;
};
static_assert(sizeof(btrfs_disk_pointer) == 33);

struct btrfs_disk_item {
  btrfs_disk_key key;
  wire::u32 offset;  // of its bytes, from the end of the header
  wire::u32 size;
};
static_assert(sizeof(btrfs_disk_item) == 25);

struct btrfs_disk_device {
  wire::u64 id;
  wire::u64 total_bytes;
  wire::u64 bytes_used;
  wire::u32 units[3];
  wire::u64 type;
  wire::u64 generation;
  wire::u64 start;
  wire::u8 hints[6];
  wire::u8 uuid[16];
  wire::u8 fsid[16];
};
static_assert(sizeof(btrfs_disk_device) == 98);

struct btrfs_disk_chunk {
  wire::u64 size;
  wire::u64 owner;
  wire::u64 stripe_length;
  wire::u64 type;
  wire::u32 units[3];
  wire::u16 stripes;
  wire::u16 sub_stripes;
};
static_assert(sizeof(btrfs_disk_chunk) == 48);

struct btrfs_disk_stripe {
  wire::u64 device;
  wire::u64 offset;
  wire::u8 device_uuid[16];
};
static_assert(sizeof(btrfs_disk_stripe) == 32);

struct btrfs_disk_block_group {
  wire::u64 used;
  wire::u64 chunk_objectid;
  wire::u64 type;
};
static_assert(sizeof(btrfs_disk_block_group) == 24);

struct btrfs_disk_extent {
  wire::u64 references;
  wire::u64 generation;
  wire::u64 flags;
};
static_assert(sizeof(btrfs_disk_extent) == 24);

namespace btrfs_extent_flag {
constexpr std::uint64_t data = 1, tree_block = 2;
}

struct btrfs_disk_data_ref {
  wire::u64 root;
  wire::u64 inode;
  wire::u64 offset;
  wire::u32 count;
};
static_assert(sizeof(btrfs_disk_data_ref) == 28);

// The first 239 bytes, which all versions have.
struct btrfs_disk_root {
  wire::u8 inode[160];
  wire::u64 generation;
  wire::u64 root_directory;
  wire::u64 logical;
  wire::u64 limits[3];
  wire::u64 flags;
  wire::u32 references;
  btrfs_disk_key drop_progress;
  wire::u8 drop_level;
  wire::u8 level;
};
static_assert(sizeof(btrfs_disk_root) == 239);
static_assert(offsetof(btrfs_disk_root, references) == 216);

constexpr std::uint64_t btrfs_root_read_only = 1;  // of a root's flags

struct btrfs_disk_root_ref {
  wire::u64 directory;
  wire::u64 sequence;
  wire::u16 name_length;
};
static_assert(sizeof(btrfs_disk_root_ref) == 18);

struct btrfs_disk_inode {
  wire::u64 generation;
  wire::u64 transaction;
  wire::u64 size;
  wire::u64 bytes;
  wire::u64 block_group;
  wire::u32 links;
  wire::u32 user;
  wire::u32 group;
  wire::u32 mode;
  wire::u64 device;
  wire::u64 flags;
  wire::u8 rest[88];
};
static_assert(sizeof(btrfs_disk_inode) == 160);
static_assert(offsetof(btrfs_disk_inode, mode) == 52);
static_assert(offsetof(btrfs_disk_inode, flags) == 64);

constexpr std::uint64_t btrfs_inode_without_checksums = 1;  // of an inode's flags
constexpr std::uint32_t btrfs_mode_kind = 0xf000, btrfs_mode_file = 0x8000, btrfs_mode_directory = 0x4000;

// The fields from `disk_offset` on are there in extents with a place only; inline data begin there otherwise.
struct btrfs_disk_file_extent {
  wire::u64 generation;
  wire::u64 memory_size;
  wire::u8 compression;
  wire::u8 encryption;
  wire::u16 encoding;
  wire::u8 kind;
  wire::u64 disk_offset;
  wire::u64 disk_size;
  wire::u64 offset;
  wire::u64 size;
};
static_assert(sizeof(btrfs_disk_file_extent) == 53);
static_assert(offsetof(btrfs_disk_file_extent, disk_offset) == 21);

namespace btrfs_file_extent_kind {
constexpr std::uint8_t in_line = 0, regular = 1, preallocated = 2;
}

struct btrfs_disk_dir_item {
  btrfs_disk_key location;
  wire::u64 transaction;
  wire::u16 data_length;
  wire::u16 name_length;
  wire::u8 kind;
};
static_assert(sizeof(btrfs_disk_dir_item) == 30);

struct btrfs_disk_inode_ref {
  wire::u64 index;
  wire::u16 name_length;
};
static_assert(sizeof(btrfs_disk_inode_ref) == 10);

struct btrfs_disk_inode_extref {
  wire::u64 parent;
  wire::u64 index;
  wire::u16 name_length;
};
static_assert(sizeof(btrfs_disk_inode_extref) == 18);

}  // namespace umbra::fs
