// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_structures.h"

#include "engine/base/units.h"

namespace umbra::fs {

const char* name_of(ext_structure s) {
  switch (s) {
    case ext_structure::superblock:
    case ext_structure::descriptors: return "superblock and descriptors";
    case ext_structure::block_bitmap: return "block bitmap";
    case ext_structure::inode_bitmap: return "inode bitmap";
    case ext_structure::inode_table: break;
  }
  return "inode table";
}

result<void> visit_structures(ext2_filsys fs, dgrp_t group, const ext_structure_visit& visit) {
  const auto& s = *fs->super;
  const auto blocks = ext2fs_blocks_count(fs->super);
  bool inside = true;
  const auto tell = [&](ext_structure kind, std::uint64_t block, std::uint64_t count) {
    if (block < s.s_first_data_block || !fits(block, count, blocks)) {
      inside = false;
    } else {
      visit(kind, block, count);
    }
  };
  blk64_t super = 0;
  blk64_t old_descriptors = 0;
  blk64_t new_descriptors = 0;
  ext2fs_super_and_bgd_loc2(fs, group, &super, &old_descriptors, &new_descriptors, nullptr);
  const std::uint64_t old_count =
      ext2fs_has_feature_meta_bg(fs->super) ? s.s_first_meta_bg : std::uint64_t{fs->desc_blocks} + s.s_reserved_gdt_blocks;
  if (super != 0 || group == 0) tell(ext_structure::superblock, super, 1);
  if (old_descriptors != 0) tell(ext_structure::descriptors, old_descriptors, old_count);
  if (new_descriptors != 0) tell(ext_structure::descriptors, new_descriptors, 1);
  tell(ext_structure::block_bitmap, ext2fs_block_bitmap_loc(fs, group), 1);
  tell(ext_structure::inode_bitmap, ext2fs_inode_bitmap_loc(fs, group), 1);
  tell(ext_structure::inode_table, ext2fs_inode_table_loc(fs, group), fs->inode_blocks_per_group);
  if (!inside) return error(errc::out_of_range, "a structure lies outside the file system");
  return success();
}

}  // namespace umbra::fs
