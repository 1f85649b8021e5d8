// SPDX-License-Identifier: GPL-3.0-or-later
// Divides one region of a source into segments: what is known without reading, what may be unchanged, what is to be cut anew.
#pragma once

#include <memory>
#include <span>

#include "engine/jobs/unit.h"

namespace umbra::jobs {

struct region_facts {
  std::size_t source = 0;
  std::uint64_t index = 0;
  std::uint64_t size = 0;  // region_size or less
  range_list used;         // the three: clipped to the region, normalised
  range_list excluded;
  range_list holes;
  image::region_ptr parent;                  // the parent's blocks here, or null
  std::span<const plan::file_extent> files;  // of the whole source
  std::uint32_t block_size = 64 << 10;
};

std::shared_ptr<const region_plan> make_region_plan(region_facts facts);

}  // namespace umbra::jobs
