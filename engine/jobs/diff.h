// SPDX-License-Identifier: GPL-3.0-or-later
// What changed between two images, from their maps alone: by content, not by where records lie.
#pragma once

#include <stop_token>
#include <vector>

#include "engine/image/image_reader.h"

namespace umbra::jobs {

struct changed_range {
  std::size_t source = 0;
  range where;
  bool operator==(const changed_range&) const = default;
};

struct diff_report {
  std::uint64_t changed_bytes = 0;
  std::uint64_t compared_bytes = 0;
  std::uint64_t range_count = 0;
  std::vector<changed_range> ranges;  // merged, in order; at most `keep` of them
};

// Images of one domain with as many sources of the same sizes (errc::geometry_mismatch otherwise). Zero, unallocated, excluded
// and unreadable are the same content: zeros. Two stored blocks are the same if start, size and content id are.
result<diff_report> diff_images(image::image_reader& before, image::image_reader& after, std::size_t keep, std::stop_token stop);

}  // namespace umbra::jobs
