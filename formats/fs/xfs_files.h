// SPDX-License-Identifier: GPL-3.0-or-later
// Where the files of XFS lie, for the cuts.
#pragma once

#include <string>
#include <vector>

#include "engine/io/unaligned_reader.h"
#include "engine/plan/allocation_map.h"
#include "formats/fs/xfs_superblock.h"

namespace umbra::fs {

struct xfs_file_places {
  std::vector<plan::file_extent> extents;  // sorted, without overlap, inside `used`; shared blocks once
  std::string shortened;                   // empty, or why some files are not told
};

// Looks at every inode in use. Never fails: a file that cannot be followed is just not told.
xfs_file_places read_xfs_files(const xfs_geometry& g, io::unaligned_reader& reader, const range_list& used, std::size_t limit);

}  // namespace umbra::fs
