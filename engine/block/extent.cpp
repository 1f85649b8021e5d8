// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/block/extent.h"

#include <algorithm>

namespace umbra {

void normalise(range_list& ranges) {
  std::erase_if(ranges, [](const range& r) { return r.size == 0; });
  std::sort(ranges.begin(), ranges.end(), [](const range& a, const range& b) { return a.offset < b.offset; });
  std::size_t kept = 0;
  for (const auto& next : ranges) {
    if (kept != 0 && next.offset <= ranges[kept - 1].end()) {
      auto& last = ranges[kept - 1];
      last.size = std::max(last.end(), next.end()) - last.offset;
    } else {
      ranges[kept++] = next;
    }
  }
  ranges.resize(kept);
}

range_list intersect(const range_list& a, const range_list& b) {
  range_list common;
  auto x = a.begin();
  auto y = b.begin();
  while (x != a.end() && y != b.end()) {
    const auto begin = std::max(x->offset, y->offset);
    const auto end = std::min(x->end(), y->end());
    if (begin < end) common.push_back({begin, end - begin});
    if (x->end() < y->end()) {
      ++x;
    } else {
      ++y;
    }
  }
  return common;
}

range_list subtract(const range_list& from, const range_list& what) {
  range_list rest;
  auto hole = what.begin();
  for (const auto& r : from) {
    auto begin = r.offset;
    while (hole != what.end() && hole->end() <= begin) ++hole;
    // A hole may reach into the next range too, so it is passed here but not given up.
    for (auto h = hole; h != what.end() && h->offset < r.end(); ++h) {
      if (h->offset > begin) rest.push_back({begin, h->offset - begin});
      begin = h->end();
    }
    if (begin < r.end()) rest.push_back({begin, r.end() - begin});
  }
  return rest;
}

range_list clip(const range_list& ranges, range window) {
  range_list inside;
  auto r = std::partition_point(ranges.begin(), ranges.end(), [&](const range& x) { return x.end() <= window.offset; });
  for (; r != ranges.end() && r->offset < window.end(); ++r) {
    const auto begin = std::max(r->offset, window.offset);
    const auto end = std::min(r->end(), window.end());
    if (begin < end) inside.push_back({begin, end - begin});
  }
  return inside;
}

std::uint64_t total_size(const range_list& ranges) {
  std::uint64_t total = 0;
  for (const auto& r : ranges) total += r.size;
  return total;
}

}  // namespace umbra
