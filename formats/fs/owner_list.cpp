// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/owner_list.h"

#include <algorithm>

namespace umbra::fs {

void owner_list::add(range place, plan::owner_kind kind, const std::string& name) {
  auto w = std::ranges::upper_bound(where_, place.offset, {}, &range::end);
  for (; w != where_.end() && w->offset < place.end() && found_.size() < limit_; ++w) {
    const auto from = std::max(w->offset, place.offset);
    const auto to = std::min(w->end(), place.end());
    if (from < to) found_.push_back({{from, to - from}, kind, name});
  }
}

std::vector<plan::range_owner> owner_list::take() {
  std::ranges::stable_sort(found_, {}, [](const plan::range_owner& o) { return o.where.offset; });
  std::vector<plan::range_owner> all;
  auto next = found_.begin();
  for (const auto& w : where_) {
    auto at = w.offset;
    for (; next != found_.end() && next->where.offset < w.end(); ++next) {
      const auto from = std::max(at, next->where.offset);
      const auto to = next->where.end();
      if (from >= to) continue;
      if (from > at) all.push_back({{at, from - at}, plan::owner_kind::unknown, {}});
      all.push_back({{from, to - from}, next->kind, std::move(next->name)});
      at = to;
    }
    if (at < w.end()) all.push_back({{at, w.end() - at}, plan::owner_kind::unknown, {}});
  }
  return all;
}

}  // namespace umbra::fs
