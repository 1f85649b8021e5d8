// SPDX-License-Identifier: GPL-3.0-or-later
// Inodes of XFS and the extents of their forks.
#pragma once

#include <cstdint>
#include <functional>

#include "formats/fs/xfs_tree.h"

namespace umbra::fs {

struct xfs_fork {
  enum class form : std::uint8_t { device = 0, local = 1, extents = 2, tree = 3 };
  form how = form::local;
  std::uint64_t extents = 0;  // their number
  byte_view bytes;            // inside the inode
};

struct xfs_inode {
  std::uint64_t number = 0;
  std::uint16_t mode = 0;
  std::uint32_t links = 0;
  std::uint64_t size = 0;
  bool realtime = false;  // its data lie on another device
  bool sharing = false;   // it may have blocks in common with others
  xfs_fork data;
  xfs_fork attributes;

  bool is_file() const { return (mode & 0xf000) == 0x8000; }
  bool is_folder() const { return (mode & 0xf000) == 0x4000; }
};

// The inode in `bytes`, checked: kind, version, checksum, its own number, the sizes of its forks. The forks' bytes stay where
// they are.
result<xfs_inode> parse_inode(const xfs_geometry& g, byte_view bytes, std::uint64_t number);

// One inode by number; `memory` gets its bytes.
result<xfs_inode> read_inode(const xfs_geometry& g, io::unaligned_reader& reader, std::uint64_t number,
                             std::vector<std::byte>& memory);

struct xfs_extent {
  std::uint64_t file_block = 0;
  std::uint64_t count = 0;
  range place;  // bytes of the volume
  bool unwritten = false;
};

// Reads forks. All trees of a reader together may have as many blocks as the file system: forged inodes might all name the same
// one. One thread.
class xfs_fork_reader {
 public:
  using extent_visitor = std::function<result<void>(const xfs_extent&)>;

  xfs_fork_reader(const xfs_geometry& geometry, io::unaligned_reader& reader)
      : geometry_(geometry), walk_(geometry, reader), tree_blocks_left_(geometry.blocks) {}

  // Every extent in the order of the file, checked: order, place, number. `tree_block`: blocks of the fork's tree. Forks without
  // extents have none; those of realtime files are an error.
  result<void> run(const xfs_inode& inode, const xfs_fork& fork, const extent_visitor& visit,
                   const xfs_tree_walk::block_visitor& tree_block = {});

 private:
  result<void> add_records(byte_view records, const extent_visitor& visit);
  result<void> add_extent(const xfs_packed_extent& packed, const extent_visitor& visit);
  result<void> run_tree(const xfs_inode& inode, const xfs_fork& fork, const extent_visitor& visit,
                        const xfs_tree_walk::block_visitor& tree_block);
  error doubt(const char* why) const;

  const xfs_geometry& geometry_;
  xfs_tree_walk walk_;
  std::uint64_t tree_blocks_left_;
  std::uint64_t number_ = 0;  // of the present inode
  std::uint64_t reach_ = 0;   // end of its last extent
  std::uint64_t seen_ = 0;
};

struct xfs_inode_visitor {
  // An inode in use: its number and bytes.
  std::function<result<void>(std::uint64_t number, byte_view bytes)> inode;
  // Inodes, used or not, in bytes of the volume. May be empty.
  std::function<void(range place)> table;
  // A block of the inodes' trees. May be empty.
  xfs_tree_walk::block_visitor tree_block;
};

// All inodes of a group, through its tree of inodes.
result<void> walk_inodes(const xfs_geometry& g, io::unaligned_reader& reader, std::uint32_t group,
                         const xfs_inode_visitor& visitor);

}  // namespace umbra::fs
