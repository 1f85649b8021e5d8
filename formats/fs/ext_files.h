// SPDX-License-Identifier: GPL-3.0-or-later
// Where the larger files of an ext file system lie, from its inode tables.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/block/extent.h"
#include "engine/plan/allocation_map.h"
#include "formats/fs/ext_volume.h"

namespace umbra::fs {

struct file_places {
  std::vector<plan::file_extent> extents;  // sorted, without overlap, inside `used`
  std::string shortened;                   // empty, or why some files are not told
};

// Looks at every inode in use. Never fails: a file that cannot be followed is just not told.
file_places read_file_places(ext2_filsys fs, io::unaligned_reader& reader, const range_list& used, std::size_t limit);

}  // namespace umbra::fs
