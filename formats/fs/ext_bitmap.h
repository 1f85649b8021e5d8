// SPDX-License-Identifier: GPL-3.0-or-later
// The blocks an ext file system has in use, from its block bitmaps.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/block/extent.h"
#include "formats/fs/ext_volume.h"

namespace umbra::fs {

struct used_blocks {
  range_list bytes;       // normalised, in bytes of the volume
  std::string shortened;  // empty, or why the end of the file system counts as used
};

// Reads every bitmap and checks its checksum, its group's checksum and its count of free blocks; the first doubt is the
// error. The file system's own structures are in the answer whether a bitmap claims them or not.
result<used_blocks> read_used_blocks(ext2_filsys fs, io::unaligned_reader& reader, std::size_t range_limit);

}  // namespace umbra::fs
