// SPDX-License-Identifier: GPL-3.0-or-later
// The superblock of XFS, checked, and the arithmetic of places that follows from it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/block/extent.h"
#include "engine/plan/formatted_volume.h"
#include "formats/fs/xfs_layout.h"

namespace umbra::fs {

// A file system's block is told by the number of its allocation group and of the block in it; both in one number are a
// "file system block", an inode's number has its place in the block below that.
struct xfs_geometry {
  bool checksums = false;   // version 5
  bool file_types = false;  // directory entries say what they name
  bool sparse_inodes = false;
  bool many_extents = false;  // nrext64
  bool sharing = false;       // reflink
  bool owner_tree = false;    // rmapbt
  bool free_inode_tree = false;
  bool realtime = false;  // some data lie on another device
  std::uint32_t log_features = 0;
  std::uint32_t sector_size = 0;
  std::uint32_t block_size = 0;
  std::uint32_t inode_size = 0;
  std::uint32_t directory_block_size = 0;
  unsigned inodes_per_block_log = 0;
  unsigned ag_block_log = 0;
  std::uint64_t blocks = 0;
  std::uint32_t ag_blocks = 0;
  std::uint32_t ag_count = 0;
  std::uint64_t root_inode = 0;
  range log;                       // bytes of the volume
  std::array<std::byte, 16> id{};  // what structures of version 5 carry

  std::uint64_t size() const { return blocks * block_size; }
  // The last group may be shorter.
  std::uint32_t blocks_of(std::uint32_t ag) const;
  // In bytes of the volume; `ag` and `block` are known to be right.
  std::uint64_t place_of(std::uint32_t ag, std::uint64_t block) const;
  // In bytes of the volume; empty if the blocks do not lie in one group.
  std::optional<range> place_of_blocks(std::uint64_t first, std::uint64_t count) const;
  // Of an inode, in bytes of the volume; empty if there is no such place.
  std::optional<std::uint64_t> place_of_inode(std::uint64_t number) const;
  std::uint64_t inode_number(std::uint32_t ag, std::uint32_t in_group) const;
  // The group's four sectors of heads, in whole blocks.
  std::uint64_t head_blocks() const;
};

// `sector` is the volume's first one, of the size it claims, or as much as there is. The geometry if the file system can be
// understood on a volume of this size; else an error whose text is the reason, fit for a note.
result<xfs_geometry> check_xfs(byte_view sector, std::uint64_t volume_size);

// True if a copy of the superblock, or a logged one, describes the same file system.
bool same_geometry(const xfs_superblock& a, const xfs_superblock& b);

// As the superblock says it, unchecked.
plan::volume_facts facts_of(const xfs_superblock& super);

// True if the little-endian CRC-32C at `crc_offset` is that of all of `block` with zeros in its place.
bool has_right_crc(byte_view block, std::size_t crc_offset);

// An error that makes the whole volume used; `why` becomes the note.
error xfs_doubt(std::string why);

}  // namespace umbra::fs
