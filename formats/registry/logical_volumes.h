// SPDX-License-Identifier: GPL-3.0-or-later
// What the logical volumes on a physical volume of LVM use of it.
#pragma once

#include <functional>

#include "engine/io/device.h"
#include "engine/plan/allocation_map.h"

namespace umbra::registry {

// The map of a logical volume as if it were a disk. The second argument: how many file extents are told already.
using disk_mapper = std::function<plan::allocation(io::device&, std::size_t)>;

// Replaces the map of a physical volume by one in which plain logical volumes use only what lies in them uses. `map` stays as it
// is where the group cannot be read.
void look_into_logical_volumes(io::device& volume, plan::allocation& map, const disk_mapper& map_of);

}  // namespace umbra::registry
