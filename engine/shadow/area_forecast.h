// SPDX-License-Identifier: GPL-3.0-or-later
// How large the area of a thick snapshot is to be, which takes in what the volume loses while the copy is read: a block is kept
// when it is written over for the first time. Too small an area loses the copy; too large a one only takes free space for a
// while.
#pragma once

#include <cstdint>

namespace umbra::shadow {

// What is known of a volume that is about to be copied.
struct volume_load {
  std::uint64_t size = 0;  // bytes
  std::uint64_t used = 0;  // bytes that will be read of it
  double writes = 0;       // bytes a second that are written to it
};

struct area_rules {
  double read_rate = 100e6;                // bytes a second, as a single disk gives them: fewer than that are seldom
  double other_seconds = 60;               // of the copy's life: writers, the journal, the end of the image
  double safety = 3;                       // nobody knows what comes
  double share = 0.10;                     // of the volume, at least: for load that begins only when it is measured
  std::uint64_t share_limit = 1ull << 30;  // but no more than this, unless the copy lasts
  std::uint64_t minimum = 64ull << 20;
};

// Bytes, whole extents: the load times the time it takes to read the copy, and never more than largest_area(). A copy that lasts
// until somebody deletes it has at least the share, whatever that is.
std::uint64_t forecast_area(const volume_load& load, bool lasts, std::uint64_t extent, const area_rules& rules = {});

// So many bytes, in whole extents: one at least.
std::uint64_t whole_extents(std::uint64_t bytes, std::uint64_t extent);

// No copy of a volume fills more than this: all of it, the tables of what was kept, and an extent at either end.
std::uint64_t largest_area(std::uint64_t volume_size, std::uint64_t extent);

}  // namespace umbra::shadow
