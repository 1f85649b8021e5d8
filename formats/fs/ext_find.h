// SPDX-License-Identifier: GPL-3.0-or-later
// Files of an ext file system by their paths, and what belongs to them alone.
#pragma once

#include <vector>

#include "engine/base/result.h"
#include "engine/plan/formatted_volume.h"
#include "formats/fs/ext_view.h"

namespace umbra::fs {

// As formatted_volume::find_files. A file of several names is told only if all of them match, and by one of them. Every inode is
// looked at once to be sure that nothing else claims a block of those told.
result<std::vector<plan::file_data>> find_ext_files(ext_view& view, const plan::path_patterns& patterns);

}  // namespace umbra::fs
