// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/file_extents.h"

#include <algorithm>
#include <tuple>

namespace umbra::fs {

std::vector<plan::file_extent> tidy_file_extents(std::vector<plan::file_extent> extents, const range_list& used) {
  std::ranges::sort(extents, {}, [](const plan::file_extent& e) { return std::tuple(e.offset, e.file_offset, e.size); });
  std::size_t kept = 0;
  std::uint64_t reach = 0;
  auto u = used.begin();
  for (const auto e : extents) {
    const auto begin = std::max(e.offset, reach);
    while (u != used.end() && u->end() <= begin) ++u;
    if (u == used.end()) break;
    const auto from = std::max(begin, u->offset);
    const auto to = std::min(e.end(), u->end());
    if (from >= to) continue;
    extents[kept++] = {from, to - from, e.file_offset + (from - e.offset)};
    reach = to;
  }
  extents.resize(kept);
  return extents;
}

}  // namespace umbra::fs
