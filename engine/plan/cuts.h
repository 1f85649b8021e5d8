// SPDX-License-Identifier: GPL-3.0-or-later
// Where blocks end. Between cuts lies at most one block size; cuts follow files where they are known, else the fixed grid.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/block/extent.h"
#include "engine/plan/allocation_map.h"

namespace umbra::plan {

// Cuts [window) into consecutive blocks no longer than block_size. Ends are: the window's ends; every end of a file extent;
// inside a file extent the places where the offset within the file is a multiple of block_size; elsewhere multiples
// of block_size on the device. `files` is sorted and may reach outside the window. All values are multiples of 512 but
// for the window's end at the end of a device. A pure function: the same window and files give the same cuts.
std::vector<range> cut(range window, std::span<const file_extent> files, std::uint32_t block_size);

}  // namespace umbra::plan
