// SPDX-License-Identifier: GPL-3.0-or-later
// A region that waits for bytes which could not be read at first: everything else comes before the disk is strained again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/image/block.h"

namespace umbra::jobs {

// A segment whose bytes did not come.
struct held_segment {
  range where;
  std::optional<image::block> parent;  // the parent's block here, which may be unchanged
  std::string reason;
};

// Segments that touch: what a time limit is for.
struct held_range {
  std::vector<held_segment> segments;
  std::chrono::milliseconds spent{0};
};

struct held_region {
  std::size_t source = 0;
  std::uint64_t index = 0;
  std::uint64_t size = 0;
  std::vector<image::block> blocks;  // what is known; in no order once segments were rescued
  std::vector<held_range> missing;   // what is not

  void hold(held_segment s) {
    const bool touches = !missing.empty() && missing.back().segments.back().where.end() == s.where.offset;
    if (!touches) missing.emplace_back();
    missing.back().segments.push_back(std::move(s));
  }

  std::uint64_t bytes() const {
    std::uint64_t total = sizeof(*this) + blocks.size() * sizeof(image::block);
    for (const auto& r : missing) total += sizeof(r) + r.segments.size() * sizeof(held_segment);
    return total;
  }
};

}  // namespace umbra::jobs
