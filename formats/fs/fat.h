// SPDX-License-Identifier: GPL-3.0-or-later
// What FAT12, FAT16 and FAT32 use of their volume.
#pragma once

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/plan/formatted_volume.h"

namespace umbra::fs {

// Null if the first sector is no boot sector of FAT. `used` holds what comes before the clusters (boot sectors, all copies of
// the FAT, the fixed root directory), every cluster that any copy of the FAT calls used, every cluster that a folder or a chain
// leads to whatever the FAT says of it, and what lies behind the last cluster. A volume that was not cleanly unmounted is
// understood like any other: there is no journal, and a driver reads only what folders and chains lead to. Clusters marked bad
// are not in use.
result<plan::volume_ptr> recognise_fat(io::device& volume);

}  // namespace umbra::fs
