// SPDX-License-Identifier: GPL-3.0-or-later
// Whose the bytes of an ext file system are.
#pragma once

#include <vector>

#include "engine/plan/formatted_volume.h"
#include "formats/fs/ext_view.h"

namespace umbra::fs {

// As formatted_volume::owners: one look at every inode, then a walk through the folders for the names of those that were hit.
std::vector<plan::range_owner> find_ext_owners(ext_view& view, const range_list& where);

}  // namespace umbra::fs
