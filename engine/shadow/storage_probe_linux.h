// SPDX-License-Identifier: GPL-3.0-or-later
// Whether the disk that a file lies on is still there. Linux only.
#pragma once

#include "engine/block/extent.h"

namespace umbra::shadow {

// Reads a few blocks of the window past all caches, until one can be read. False if none can be: blocks that cannot be read are
// faults of a disk, a file without any that can is on no disk any longer.
bool is_storage_there(int file, range window);

}  // namespace umbra::shadow
