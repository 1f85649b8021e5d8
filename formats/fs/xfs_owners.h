// SPDX-License-Identifier: GPL-3.0-or-later
// Whose a range of an XFS file system is.
#pragma once

#include <vector>

#include "engine/io/unaligned_reader.h"
#include "engine/plan/formatted_volume.h"
#include "formats/fs/xfs_superblock.h"

namespace umbra::fs {

// Looks at every inode, and walks the folders until all that were met have a name. What is damaged stays unknown.
std::vector<plan::range_owner> find_xfs_owners(const xfs_geometry& g, io::unaligned_reader& reader, const range_list& where);

}  // namespace umbra::fs
