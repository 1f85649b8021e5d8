// SPDX-License-Identifier: GPL-3.0-or-later
// The clusters an NTFS volume has in use: what $Bitmap claims, and what the files' records claim.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/block/extent.h"
#include "engine/plan/allocation_map.h"
#include "formats/fs/ntfs_mft.h"

namespace umbra::fs {

struct ntfs_bitmap_ranges {
  range_list bytes;        // normalised, in bytes of the volume
  bool shortened = false;  // there were too many: the last one reaches to the end of the clusters
};

result<ntfs_bitmap_ranges> read_ntfs_bitmap(const ntfs_mft& mft, std::size_t range_limit);

struct ntfs_claims {
  range_list beyond_bitmap;                // normalised: what files have and `bitmap` does not claim
  std::vector<plan::file_extent> extents;  // of files of 16 KiB or more, sorted, without overlap
  bool shortened = false;                  // there were more extents than asked for
};

// Reads the record of every file. errc::decode if one of them makes no sense.
result<ntfs_claims> read_ntfs_claims(const ntfs_mft& mft, const range_list& bitmap, std::size_t extent_limit);

}  // namespace umbra::fs
