// SPDX-License-Identifier: GPL-3.0-or-later
// Where an ext file system keeps its own structures.
#pragma once

#include <cstdint>
#include <functional>

#include <ext2fs/ext2fs.h>

#include "engine/base/result.h"

namespace umbra::fs {

enum class ext_structure : std::uint8_t { superblock, descriptors, block_bitmap, inode_bitmap, inode_table };
const char* name_of(ext_structure s);

using ext_structure_visit = std::function<void(ext_structure kind, std::uint64_t block, std::uint64_t count)>;

// Superblock copy, descriptors, bitmaps and inode table of a group. Fails if one of them lies outside the file system.
result<void> visit_structures(ext2_filsys fs, dgrp_t group, const ext_structure_visit& visit);

}  // namespace umbra::fs
