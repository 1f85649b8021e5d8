// SPDX-License-Identifier: GPL-3.0-or-later
// Whose the bytes of a Btrfs are, from its extent tree and its files' names.
#pragma once

#include "engine/plan/formatted_volume.h"
#include "formats/fs/btrfs_forest.h"

namespace umbra::fs {

// As plan::formatted_volume::owners(). Of data that several files share, one of them.
std::vector<plan::range_owner> btrfs_owners(btrfs_forest& forest, std::uint64_t volume_size, const range_list& where);

}  // namespace umbra::fs
