// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_inode_map.h"

namespace umbra::fs {

bool ext_inode_map::add(const ext2_inode& inode) {
  inode_begin_ = extents_.size();
  return !full() && walk_.walk(inode, *this);
}

bool ext_inode_map::data(std::uint64_t file_block, std::uint64_t block, std::uint64_t count, bool written) {
  if (!written) return true;
  const plan::file_extent e{block * block_size_, count * block_size_, file_block * block_size_};
  if (extents_.size() > inode_begin_) {
    auto& last = extents_.back();
    if (last.end() == e.offset && last.file_offset + last.size == e.file_offset) {
      last.size += e.size;
      return true;
    }
  }
  full_ = extents_.size() >= limit_;
  if (!full_) extents_.push_back(e);
  return !full_;
}

}  // namespace umbra::fs
