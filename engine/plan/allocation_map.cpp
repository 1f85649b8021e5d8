// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/plan/allocation_map.h"

namespace umbra::plan {

range_list left_out_ranges(const allocation& map) {
  range_list all;
  for (const auto& f : map.left_out) all.insert(all.end(), f.ranges.begin(), f.ranges.end());
  normalise(all);
  return all;
}

}  // namespace umbra::plan
