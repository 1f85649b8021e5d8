// SPDX-License-Identifier: GPL-3.0-or-later
// Files of a Btrfs by their paths, and what of the volume is theirs alone.
#pragma once

#include "engine/plan/formatted_volume.h"
#include "formats/fs/btrfs_forest.h"

namespace umbra::fs {

// A path begins at the top of the first tree ("/@/swapfile"). Within the default subvolume, and within those that hang at the top
// and can be written to, a file is also known by the path it has when that subvolume is mounted by itself ("/swapfile").
//
// Told are whole extents that no other file and no snapshot refers to, and only where the file has no checksums or the
// extent was never written to: other bytes could not be missing, for the file would no longer be readable. If that leaves nothing
// of any file with data, errc::unsupported. A log makes everything doubtful.
result<std::vector<plan::file_data>> find_btrfs_files(btrfs_forest& forest, const plan::path_patterns& patterns);

}  // namespace umbra::fs
