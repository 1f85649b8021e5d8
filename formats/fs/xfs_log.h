// SPDX-License-Identifier: GPL-3.0-or-later
// The log of XFS: whether the next mount would change anything by replaying it.
#pragma once

#include "engine/io/unaligned_reader.h"
#include "formats/fs/xfs_superblock.h"

namespace umbra::fs {

// Success if the log ends in the record of a clean unmount, or if all that lies between its tail and its head are new counters
// of the superblock: that is how a frozen file system looks. Else an error whose text is the reason. `super` is the first
// sector.
result<void> check_xfs_log(const xfs_geometry& g, byte_view super, io::unaligned_reader& reader);

}  // namespace umbra::fs
