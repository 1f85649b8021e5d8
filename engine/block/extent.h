// SPDX-License-Identifier: GPL-3.0-or-later
// Half-open byte ranges and ordered, merged sets of them. Whoever makes one from outside numbers has checked that its end
// fits 64 bits (checked_add of units.h).
#pragma once

#include <cstdint>
#include <vector>

namespace umbra {

// [offset, offset + size)
struct range {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t end() const { return offset + size; }
  bool operator==(const range&) const = default;
};

// What is known of a range of a device: `data` must be read, `zero` reads as zeros without asking (a hole).
enum class extent_kind : std::uint8_t { data, zero };

struct extent {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  extent_kind kind = extent_kind::data;
  std::uint64_t end() const { return offset + size; }
  bool operator==(const extent&) const = default;
};
using extent_list = std::vector<extent>;

// Ordered by offset, without overlap; touching ranges are one.
using range_list = std::vector<range>;

// Sorts and merges in place: empty ranges vanish, overlapping and touching ones join.
void normalise(range_list& ranges);
// Both lists normalised; so is the answer.
range_list intersect(const range_list& a, const range_list& b);
range_list subtract(const range_list& from, const range_list& what);
// The part of `ranges` inside `window`.
range_list clip(const range_list& ranges, range window);
std::uint64_t total_size(const range_list& ranges);

}  // namespace umbra
