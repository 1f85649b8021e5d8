// SPDX-License-Identifier: GPL-3.0-or-later
// Swap space of Linux (linux/swap.h; mkswap(8)). What was swapped out is of no use to a system that starts anew: only the first
// page is in use, and what lies behind the area. A hibernated system is in use as a whole.
#pragma once

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/plan/formatted_volume.h"

namespace umbra::fs {

// Null if no page size from 4 to 64 KiB has one of the signatures at its end.
result<plan::volume_ptr> recognise_swap(io::device& volume);

}  // namespace umbra::fs
