// SPDX-License-Identifier: GPL-3.0-or-later
// The superblock of Btrfs, its checksum, and what it says that decides whether we understand the volume.
#pragma once

#include <array>
#include <cstddef>

#include "engine/base/result.h"
#include "engine/io/unaligned_reader.h"
#include "engine/plan/formatted_volume.h"
#include "formats/fs/btrfs_layout.h"

namespace umbra::fs {

constexpr std::uint64_t btrfs_superblock_offset = 64 << 10;
// Copies, where the device reaches that far. The kernel mounts by the first one alone.
constexpr std::array<std::uint64_t, 2> btrfs_mirror_offsets = {std::uint64_t{64} << 20, std::uint64_t{256} << 30};
constexpr std::uint64_t btrfs_magic = 0x4d5f53665248425f;  // "_BHRfS_M"
constexpr std::uint8_t btrfs_max_level = 8;

struct btrfs_superblock {
  wire::u8 checksum[32];
  wire::u8 fsid[16];
  wire::u64 offset;
  wire::u64 flags;
  wire::u64 magic;
  wire::u64 generation;
  wire::u64 root;
  wire::u64 chunk_root;
  wire::u64 log_root;
  wire::u64 log_root_generation;  // never written
  wire::u64 total_bytes;
  wire::u64 bytes_used;
  wire::u64 root_directory;
  wire::u64 devices;
  wire::u32 sector_size;
  wire::u32 node_size;
  wire::u32 leaf_size;
  wire::u32 stripe_size;
  wire::u32 system_chunks_size;
  wire::u64 chunk_root_generation;
  wire::u64 compat;
  wire::u64 ro_compat;
  wire::u64 incompat;
  wire::u16 checksum_kind;
  wire::u8 root_level;
  wire::u8 chunk_root_level;
  wire::u8 log_root_level;
  btrfs_disk_device device;
  char label[256];
  wire::u64 cache_generation;
  wire::u64 uuid_tree_generation;
  wire::u8 metadata_uuid[16];
  wire::u8 reserved[224];
  wire::u8 system_chunks[2048];
  wire::u8 backup_roots[672];
  wire::u8 padding[565];
};
static_assert(sizeof(btrfs_superblock) == 4096);
static_assert(offsetof(btrfs_superblock, magic) == 64);
static_assert(offsetof(btrfs_superblock, checksum_kind) == 196);
static_assert(offsetof(btrfs_superblock, device) == 201);
static_assert(offsetof(btrfs_superblock, label) == 299);
static_assert(offsetof(btrfs_superblock, metadata_uuid) == 571);
static_assert(offsetof(btrfs_superblock, system_chunks) == 811);

namespace btrfs_incompat {
constexpr std::uint64_t mixed_backref = 0x1, default_subvolume = 0x2, mixed_groups = 0x4, compress_lzo = 0x8,
                        compress_zstd = 0x10, big_metadata = 0x20, extended_iref = 0x40, raid56 = 0x80, skinny_metadata = 0x100,
                        no_holes = 0x200, metadata_uuid = 0x400, raid1c34 = 0x800, zoned = 0x1000, extent_tree_v2 = 0x2000,
                        raid_stripe_tree = 0x4000, simple_quota = 0x10000;
}
namespace btrfs_ro_compat {
constexpr std::uint64_t free_space_tree = 0x1, free_space_tree_valid = 0x2, verity = 0x4, block_group_tree = 0x8;
}

using btrfs_uuid = std::array<std::byte, 16>;

// What all tree blocks of one file system have in common.
struct btrfs_geometry {
  std::uint32_t sector_size = 0;
  std::uint32_t node_size = 0;
  std::uint16_t checksum_kind = 0;
  std::uint64_t generation = 0;   // of the last commit
  std::uint64_t device_size = 0;  // of this volume, used by the file system
  std::uint64_t device_id = 0;
  btrfs_uuid device_uuid{};
  btrfs_uuid fsid{};  // as tree blocks have it
  bool skinny_metadata = false;
  bool block_group_tree = false;
};

// True if the first bytes of `block` are the checksum of all from byte 32 on. The kind is one that check() let pass.
bool btrfs_checksum_holds(std::uint16_t kind, byte_view block);

// The geometry if the file system can be understood on this volume; else an error whose text is the reason, fit for a
// note. Looks at the superblock's copies, too: one that is newer makes everything doubtful.
result<btrfs_geometry> check(const btrfs_superblock& super, io::unaligned_reader& volume);

// As the superblock says it, unchecked.
plan::volume_facts facts_of(const btrfs_superblock& super);

}  // namespace umbra::fs
