// SPDX-License-Identifier: GPL-3.0-or-later
// Where the written bytes of many files lie, in bytes of the volume.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/plan/allocation_map.h"
#include "formats/fs/ext_block_walk.h"

namespace umbra::fs {

// One thread.
class ext_inode_map final : private ext_block_sink {
 public:
  // At most `limit` extents.
  ext_inode_map(ext2_filsys fs, io::unaligned_reader& reader, std::size_t limit)
      : walk_(fs, reader), block_size_(fs->blocksize), limit_(limit) {}

  // Adds the written extents of an inode. False if not all of them could be found: those were left out.
  bool add(const ext2_inode& inode);

  // True once something had to be left out for `limit`, or for the number of tree blocks: nothing is added any more.
  bool full() const { return full_ || walk_.is_exhausted(); }

  // In the order of the inodes.
  std::vector<plan::file_extent> take() { return std::move(extents_); }

 private:
  bool data(std::uint64_t file_block, std::uint64_t block, std::uint64_t count, bool written) override;

  ext_block_walk walk_;
  std::uint64_t block_size_;
  std::size_t limit_;
  std::vector<plan::file_extent> extents_;
  std::size_t inode_begin_ = 0;  // first extent of the present inode: extents of different files never join
  bool full_ = false;
};

}  // namespace umbra::fs
