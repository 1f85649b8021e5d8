// SPDX-License-Identifier: GPL-3.0-or-later
// The B+ trees of XFS: free space, inodes and sharing of a group, extents of a file. All have the same blocks.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/base/buffer.h"
#include "engine/io/unaligned_reader.h"
#include "formats/fs/xfs_superblock.h"

namespace umbra::fs {

struct xfs_tree {
  const char* name = "";    // for people
  std::uint32_t magic = 0;  // of this file system's version
  bool wide = false;        // pointers are file system blocks; else blocks of `group`
  std::uint32_t group = 0;  // of narrow ones
  std::uint64_t owner = 0;  // what version 5 writes into each block: the group or the inode
  std::uint32_t record_size = 0;
  std::uint32_t key_size = 0;
  std::uint64_t block_limit = 0;  // no right tree has more blocks
};

// Walks trees of one file system, and keeps its memory between them: a block for each level. One thread.
class xfs_tree_walk {
 public:
  static constexpr unsigned deepest = 12;
  // Records of one leaf: whole ones, at least one. An error ends the walk.
  using leaf_visitor = std::function<result<void>(byte_view records)>;
  // A block of the tree, in bytes of the volume.
  using block_visitor = std::function<void(std::uint64_t place)>;

  xfs_tree_walk(const xfs_geometry& geometry, io::unaligned_reader& reader) : geometry_(geometry), reader_(reader) {}

  // Every leaf below `roots`, blocks of level `levels` - 1, from left to right. Each block is checked: kind, level, number of
  // records, neighbours, and with version 5 checksum, place and owner. That makes a walk end whatever the blocks say.
  result<void> run(const xfs_tree& tree, const std::vector<std::uint64_t>& roots, unsigned levels, const leaf_visitor& leaf,
                   const block_visitor& block = {});

 private:
  struct level {
    buffer memory;
    std::uint64_t last = 0;      // the block before this one, `none` at first
    std::uint64_t expected = 0;  // what that one says follows
  };

  result<void> visit(std::uint64_t pointer, unsigned at);
  result<void> visit_children(byte_view block, std::size_t count, unsigned at);
  result<std::size_t> check(byte_view block, std::uint64_t pointer, std::uint64_t place, unsigned at);
  result<void> check_neighbours(byte_view block, std::uint64_t pointer, unsigned at);
  result<void> check_address(byte_view block, std::uint64_t place);
  std::size_t head_size() const;
  std::size_t pointer_size() const { return tree_.wide ? 8 : 4; }
  std::uint64_t none() const { return tree_.wide ? ~std::uint64_t{0} : 0xffffffff; }
  std::uint64_t pointer_at(byte_view bytes) const;
  error doubt(const char* why) const;

  const xfs_geometry& geometry_;
  io::unaligned_reader& reader_;
  xfs_tree tree_;
  leaf_visitor leaf_;
  block_visitor block_;
  std::uint64_t blocks_left_ = 0;
  std::array<level, deepest> levels_;
};

// The trees of a group, and of a file; `magic` follows the version.
xfs_tree free_space_tree(const xfs_geometry& g, std::uint32_t group);
xfs_tree free_size_tree(const xfs_geometry& g, std::uint32_t group);
xfs_tree inode_tree(const xfs_geometry& g, std::uint32_t group);
xfs_tree free_inode_tree(const xfs_geometry& g, std::uint32_t group);
xfs_tree owner_tree(const xfs_geometry& g, std::uint32_t group);
xfs_tree sharing_tree(const xfs_geometry& g, std::uint32_t group);
xfs_tree extent_tree(const xfs_geometry& g, std::uint64_t inode);

}  // namespace umbra::fs
