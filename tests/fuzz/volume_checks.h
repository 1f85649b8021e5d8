// SPDX-License-Identifier: GPL-3.0-or-later
// What must hold of every answer of a formatted volume, whatever bytes lie there. Aborts when it does not.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "engine/plan/formatted_volume.h"

namespace umbra::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

inline bool is_normal(const range_list& ranges, std::uint64_t size) {
  auto again = ranges;
  normalise(again);
  return again == ranges && (again.empty() || again.back().end() <= size);
}

inline void check_map(const plan::allocation& map, std::uint64_t size) {
  require(is_normal(map.used, size));
  require(!map.notes.empty());
  range_list files;
  std::uint64_t reach = 0;
  for (const auto& f : map.files) {
    require(f.offset >= reach && f.size != 0 && f.offset + f.size > f.offset);
    reach = f.end();
    files.push_back({f.offset, f.size});
  }
  normalise(files);
  require(subtract(files, map.used).empty());
}

// Ordered, and exactly what was asked for.
inline void check_owners(const std::vector<plan::range_owner>& owners, const range_list& asked) {
  range_list told;
  std::uint64_t reach = 0;
  for (const auto& o : owners) {
    require(o.where.offset >= reach && o.where.size != 0);
    reach = o.where.end();
    told.push_back(o.where);
  }
  normalise(told);
  require(told == asked);
}

inline void check_volume(plan::formatted_volume& volume, std::uint64_t size) {
  check_map(volume.used_blocks({}).value(), size);
  if (const auto files = volume.find_files(plan::path_patterns({"*"})); files) {
    for (const auto& f : files.value()) require(is_normal(f.data, size) && !f.path.empty());
  }
  range_list asked;
  for (std::uint64_t at = 0; at < size; at += size / 4 + 1) asked.push_back({at, std::min<std::uint64_t>(size - at, 700)});
  normalise(asked);
  check_owners(volume.owners(asked).value(), asked);
}

}  // namespace umbra::fuzz
