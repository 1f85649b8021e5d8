// SPDX-License-Identifier: GPL-3.0-or-later
// Collects the owners of asked ranges, in whatever order they are found.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/plan/formatted_volume.h"

namespace umbra::fs {

class owner_list {
 public:
  // `where` is normalised. Pieces beyond the limit stay unknown.
  explicit owner_list(const range_list& where, std::size_t limit = 1 << 20) : where_(where), limit_(limit) {}

  // The parts of `place` that were asked for belong to `name`.
  void add(range place, plan::owner_kind kind, const std::string& name);

  // Ordered, covering exactly what was asked. Where two claim a place the one that begins first has it.
  std::vector<plan::range_owner> take();

 private:
  const range_list where_;
  const std::size_t limit_;
  std::vector<plan::range_owner> found_;
};

}  // namespace umbra::fs
