// SPDX-License-Identifier: GPL-3.0-or-later
// Files of XFS by path.
#pragma once

#include <vector>

#include "engine/io/unaligned_reader.h"
#include "engine/plan/formatted_volume.h"
#include "formats/fs/xfs_superblock.h"

namespace umbra::fs {

// The regular files whose paths match, a file with several names once. Their data must lie in `used`; what they share with
// other files is left out. Of a realtime file no data are told: they lie elsewhere.
result<std::vector<plan::file_data>> find_xfs_files(const xfs_geometry& g, io::unaligned_reader& reader,
                                                    const plan::path_patterns& patterns, const range_list& used);

}  // namespace umbra::fs
