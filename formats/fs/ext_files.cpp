// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_files.h"

#include <algorithm>

#include "formats/fs/ext_inode_map.h"
#include "formats/fs/ext_inode_scan.h"
#include "formats/fs/file_extents.h"

namespace umbra::fs {
namespace {

bool is_wanted(const ext2_inode& inode) {
  return LINUX_S_ISREG(inode.i_mode) && inode.i_links_count != 0 && !(inode.i_flags & EXT4_INLINE_DATA_FL) &&
         EXT2_I_SIZE(&inode) >= plan::file_extent_minimum;
}

// Adds every inode's extents; answers what kept it from seeing all of them.
std::string add_all(ext2_filsys fs, ext_inode_map& map) {
  const auto first_file = EXT2_FIRST_INO(fs->super);  // below lie the journal, the resize inode and the like
  // A wrong checksum of an inode could only move cuts.
  auto missed = scan_ext_inodes(fs, true, [&](ext2_ino_t number, const ext2_inode& inode) {
    if (number >= first_file && is_wanted(inode)) map.add(inode);
    return !map.full();
  });
  return map.full() ? "too many pieces" : missed;
}

}  // namespace

file_places read_file_places(ext2_filsys fs, io::unaligned_reader& reader, const range_list& used, std::size_t limit) {
  ext_inode_map map(fs, reader, limit);
  file_places places;
  places.shortened = add_all(fs, map);
  places.extents = tidy_file_extents(map.take(), used);
  return places;
}

}  // namespace umbra::fs
