// SPDX-License-Identifier: GPL-3.0-or-later
// What an XFS file system, version 4 or 5, uses of its volume; its files by path; whose a range is. An own reader.
#pragma once

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/plan/formatted_volume.h"

namespace umbra::fs {

// Null if there is no XFS superblock. Fails only when the first sector cannot be read. `used` is all but what the groups' trees
// of free space hold; in doubt the whole volume. A log in which nothing is pending but the superblock's counters, as freezing
// leaves it, is no doubt; pending changes are.
result<plan::volume_ptr> recognise_xfs(io::device& volume);

}  // namespace umbra::fs
