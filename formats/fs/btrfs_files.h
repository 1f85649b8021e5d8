// SPDX-License-Identifier: GPL-3.0-or-later
// Where the larger files of a Btrfs lie, in all its subvolumes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/plan/allocation_map.h"
#include "formats/fs/btrfs_forest.h"

namespace umbra::fs {

struct btrfs_places {
  std::vector<plan::file_extent> extents;  // sorted, without overlap, inside `used`
  std::string shortened;                   // empty, or why some files are not told
};

// Extents that are not compressed; those that snapshots or copies share once. Never fails: what cannot be followed is just not
// told.
btrfs_places read_btrfs_places(btrfs_forest& forest, const range_list& used, std::size_t limit);

// A file's extent with a place on the device. False for holes, inline data, and what makes no sense.
bool decode_file_extent(byte_view item, btrfs_disk_file_extent& extent);

}  // namespace umbra::fs
