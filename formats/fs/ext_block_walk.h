// SPDX-License-Identifier: GPL-3.0-or-later
// Where the blocks of an inode lie: extent trees of ext4, block pointers of ext2 and ext3. Own walks, without an allocation for
// an inode: a file system has millions of them, and most fit into the inode itself.
#pragma once

#include <array>
#include <cstdint>

#include <ext2fs/ext2fs.h>

#include "engine/base/buffer.h"
#include "engine/io/unaligned_reader.h"

namespace umbra::fs {

// Told of an inode's blocks, one inode at a time. All that is told lies inside the file system.
class ext_block_sink {
 public:
  virtual ~ext_block_sink() = default;
  // Blocks [block, block + count) are the file's from `file_block` on; not written: they read as zeros. False: enough.
  virtual bool data(std::uint64_t file_block, std::uint64_t block, std::uint64_t count, bool written) = 0;
  // A block that tells where others lie. False: enough.
  virtual bool tree(std::uint64_t) { return true; }
};

// False for what keeps its bytes in the inode, or has none: inline data, short links, devices.
bool ext_has_blocks(const ext2_inode& inode);

// One thread.
class ext_block_walk {
 public:
  // Over all inodes together no more tree blocks are read than the file system has blocks.
  ext_block_walk(ext2_filsys fs, io::unaligned_reader& reader);

  // False if anything did not make sense, could not be read, or was too much: that much was left out; or if the sink had enough.
  bool walk(const ext2_inode& inode, ext_block_sink& sink);

  // Too many tree blocks were met: nothing is told any more.
  bool is_exhausted() const { return tree_blocks_left_ == 0; }

 private:
  static constexpr unsigned deepest_tree = 5;

  void walk_extent_node(byte_view node, unsigned depth);
  void walk_extent_child(std::uint64_t block, unsigned depth);
  void walk_pointers(const ext2_inode& inode);
  void walk_pointer_block(std::uint64_t block, unsigned level, std::uint64_t file_block);
  void tell(std::uint64_t file_block, std::uint64_t block, std::uint64_t count, bool written);
  // The block in the memory of its level, or nothing.
  byte_view read_tree_block(std::uint64_t block, unsigned level);

  io::unaligned_reader& reader_;
  std::uint64_t block_size_;
  std::uint64_t first_block_;
  std::uint64_t blocks_;
  std::uint64_t tree_blocks_left_;
  std::array<buffer, deepest_tree> levels_;
  ext_block_sink* sink_ = nullptr;
  bool whole_ = true;    // nothing was left out of the present inode
  bool enough_ = false;  // for the present inode
};

}  // namespace umbra::fs
