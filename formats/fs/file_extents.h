// SPDX-License-Identifier: GPL-3.0-or-later
// Extents of many files, brought into the form that plan::allocation promises.
#pragma once

#include <vector>

#include "engine/block/extent.h"
#include "engine/plan/allocation_map.h"

namespace umbra::fs {

// Sorts, and leaves every byte to one file: what overlaps (shared blocks, damage) or lies outside `used` (normalised) is cut
// away. An extent that goes over a gap in `used` keeps its first part. The same extents in another order give the same answer.
std::vector<plan::file_extent> tidy_file_extents(std::vector<plan::file_extent> extents, const range_list& used);

}  // namespace umbra::fs
