// SPDX-License-Identifier: GPL-3.0-or-later
// Btrfs on one device, read by ourselves: trees are followed from the superblock to every extent. Each commit leaves a consistent
// whole behind, so a copy of a live volume is understood as one that was unmounted; a log is followed, too.
#pragma once

#include "engine/io/device.h"
#include "engine/plan/formatted_volume.h"

namespace umbra::fs {

// Null if there is no Btrfs; fails only when the device does. Copied whole are: several devices, RAID, zoned ones, unknown
// features, checksums of other kinds than CRC-32C and xxHash64, and anything damaged.
result<plan::volume_ptr> recognise_btrfs(io::device& volume);

}  // namespace umbra::fs
