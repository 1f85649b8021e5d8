// SPDX-License-Identifier: GPL-3.0-or-later
// What the extent tree of Btrfs, and a log that was not yet taken in, say is in use.
#pragma once

#include <cstddef>
#include <string>

#include "formats/fs/btrfs_forest.h"

namespace umbra::fs {

struct btrfs_usage {
  range_list places;      // normalised, in bytes of the device
  std::string shortened;  // empty, or why some chunks count as used as a whole
};

// Reads the whole extent tree and compares it with what each block group and the superblock count; the first doubt is the
// error. Superblocks and the reserved beginning are not in the answer.
result<btrfs_usage> read_usage(btrfs_forest& forest, const btrfs_superblock& super, std::size_t range_limit);

}  // namespace umbra::fs
