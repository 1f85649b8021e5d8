// SPDX-License-Identifier: GPL-3.0-or-later
// The log of Btrfs: what was fsynced since the last commit. A mount takes it in; until then its blocks, and the data they lead
// to, lie where the extent tree sees free space.
#pragma once

#include "formats/fs/btrfs_claims.h"
#include "formats/fs/btrfs_forest.h"

namespace umbra::fs {

// Adds all of the log's tree blocks and all data of its files. The forest has a log.
result<void> claim_log(btrfs_forest& forest, btrfs_claims& claims);

}  // namespace umbra::fs
