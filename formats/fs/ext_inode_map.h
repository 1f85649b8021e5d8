// SPDX-License-Identifier: GPL-3.0-or-later
// Where the blocks of a file lie: extent trees of ext4, block pointers of ext2 and ext3. Own walks, without an allocation for an
// inode: a file system has millions of them, and most fit into the inode itself.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <ext2fs/ext2fs.h>

#include "engine/io/unaligned_reader.h"
#include "engine/plan/allocation_map.h"

namespace umbra::fs {

// Collects the extents of many inodes, in bytes of the volume. One thread.
class ext_inode_map {
 public:
  // At most `limit` extents; the tree blocks read stay below the number of the file system's blocks.
  ext_inode_map(ext2_filsys fs, io::unaligned_reader& reader, std::size_t limit);

  // Adds the written extents of an inode. What does not make sense or cannot be read is left out.
  void add(const ext2_inode& inode);

  // True once something had to be left out for `limit`, or for the number of tree blocks: nothing is added any more.
  bool full() const { return full_; }

  // In the order of the inodes.
  std::vector<plan::file_extent> take() { return std::move(extents_); }

 private:
  static constexpr unsigned deepest_tree = 5;

  void add_extent_node(byte_view node, unsigned depth);
  void add_extent_child(std::uint64_t block, unsigned depth);
  void add_pointers(const ext2_inode& inode);
  void add_pointer_block(std::uint64_t block, unsigned level, std::uint64_t file_block);
  void add_run(std::uint64_t file_block, std::uint64_t block, std::uint64_t count);
  // The block in the memory of its level, or nothing.
  byte_view read_tree_block(std::uint64_t block, unsigned level);

  io::unaligned_reader& reader_;
  std::uint64_t block_size_;
  std::uint64_t first_block_;
  std::uint64_t blocks_;
  std::size_t limit_;
  std::uint64_t tree_blocks_left_;
  std::array<buffer, deepest_tree> levels_;
  std::vector<plan::file_extent> extents_;
  std::size_t inode_begin_ = 0;  // first extent of the present inode: extents of different files never join
  bool full_ = false;
};

}  // namespace umbra::fs
