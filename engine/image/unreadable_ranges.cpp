// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/image/unreadable_ranges.h"

#include <algorithm>

#include "engine/base/units.h"

namespace umbra::image {
namespace {

void add(range_list& list, range r) {
  if (!list.empty() && list.back().end() == r.offset) {
    list.back().size += r.size;
  } else {
    list.push_back(r);
  }
}

}  // namespace

result<range_list> unreadable_ranges(image_reader& image, std::size_t source, std::size_t limit) {
  range_list found;
  const auto& info = image.info().sources[source];
  if (info.unreadable_bytes == 0) return found;
  const auto regions = div_up(info.size, region_size);
  for (std::uint64_t i = 0; i < regions && found.size() <= limit;) {
    TRY(const auto run, image.uniform_at(source, i));
    if (run.count > 0) {
      const auto offset = i * region_size;
      const auto end = std::min(info.size, (i + run.count) * region_size);
      if (run.state == block_state::unreadable) add(found, {offset, end - offset});
      i += run.count;
      continue;
    }
    TRY(const auto region, image.region_at(source, i));
    for (const auto& b : region->blocks) {
      if (b.state == block_state::unreadable) add(found, {b.offset, b.size});
    }
    ++i;
  }
  if (found.size() > limit) found.resize(limit);
  return found;
}

}  // namespace umbra::image
