// SPDX-License-Identifier: GPL-3.0-or-later
// NTFS files by their paths, and whose a range of the volume is.
#pragma once

#include <vector>

#include "engine/base/result.h"
#include "engine/plan/formatted_volume.h"
#include "formats/fs/ntfs_mft.h"

namespace umbra::fs {

// Any of a file's names may match. Two or three walks over the table. errc::decode if anything makes no sense, if another
// file claims what a found one has, or if $Bitmap denies it.
result<std::vector<plan::file_data>> find_ntfs_files(const ntfs_mft& mft, const plan::path_patterns& patterns);

// In order, covering exactly `where`; damage makes answers unknown. Fails only when the device has gone.
result<std::vector<plan::range_owner>> owners_in_ntfs(const ntfs_mft& mft, const range_list& where);

}  // namespace umbra::fs
