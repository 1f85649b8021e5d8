// SPDX-License-Identifier: GPL-3.0-or-later
// Every operation on ranges against the plainest model there is: one bool a byte of a small disk.
#include "engine/block/extent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bitset>
#include <random>

namespace umbra {

// What gtest prints on failure.
static void PrintTo(const range& r, std::ostream* out) { *out << '[' << r.offset << ", " << r.end() << ')'; }

namespace {

constexpr std::size_t disk = 200;
using bitmap = std::bitset<disk>;

bitmap model_of(const range_list& ranges) {
  bitmap bits;
  for (const auto& r : ranges) {
    for (auto at = r.offset; at < r.end(); ++at) bits.set(at);
  }
  return bits;
}

range_list ranges_of(const bitmap& bits) {
  range_list ranges;
  for (std::size_t at = 0; at < disk; ++at) {
    if (!bits[at]) continue;
    if (ranges.empty() || ranges.back().end() != at) ranges.push_back({at, 0});
    ++ranges.back().size;
  }
  return ranges;
}

class random_ranges {
 public:
  explicit random_ranges(unsigned seed) : random_(seed) {}

  range one() {
    const auto offset = random_() % disk;
    return {offset, random_() % (std::min<std::uint64_t>(disk - offset, 1 + disk / (1 + random_() % 20)) + 1)};
  }
  range_list any() {
    range_list ranges(random_() % 12);
    for (auto& r : ranges) r = one();
    return ranges;
  }
  range_list normal() {
    auto ranges = any();
    normalise(ranges);
    return ranges;
  }

 private:
  std::mt19937 random_;
};

TEST(extent, normalise_equals_the_bitmap_model) {
  random_ranges random(1);
  for (int i = 0; i < 3000; ++i) {
    auto ranges = random.any();
    const auto want = ranges_of(model_of(ranges));
    normalise(ranges);
    ASSERT_EQ(ranges, want);
  }
}

TEST(extent, intersect_equals_the_bitmap_model) {
  random_ranges random(2);
  for (int i = 0; i < 3000; ++i) {
    const auto a = random.normal();
    const auto b = random.normal();
    ASSERT_EQ(intersect(a, b), ranges_of(model_of(a) & model_of(b)));
  }
}

TEST(extent, subtract_equals_the_bitmap_model) {
  random_ranges random(3);
  for (int i = 0; i < 3000; ++i) {
    const auto a = random.normal();
    const auto b = random.normal();
    ASSERT_EQ(subtract(a, b), ranges_of(model_of(a) & ~model_of(b)));
  }
}

TEST(extent, clip_equals_the_bitmap_model) {
  random_ranges random(4);
  for (int i = 0; i < 3000; ++i) {
    const auto a = random.normal();
    const auto window = random.one();
    ASSERT_EQ(clip(a, window), ranges_of(model_of(a) & model_of({window})));
  }
}

TEST(extent, total_size_equals_the_bitmap_model) {
  random_ranges random(5);
  for (int i = 0; i < 1000; ++i) {
    const auto a = random.normal();
    ASSERT_EQ(total_size(a), model_of(a).count());
  }
}

TEST(extent, touching_ranges_become_one_and_empty_ones_vanish) {
  range_list ranges{{10, 5}, {0, 10}, {50, 0}, {20, 1}};
  normalise(ranges);
  EXPECT_EQ(ranges, (range_list{{0, 15}, {20, 1}}));
}

TEST(extent, works_at_the_far_end_of_the_address_space) {
  constexpr auto last = ~std::uint64_t{0};
  range_list ranges{{last - 10, 10}, {last - 20, 15}};
  normalise(ranges);
  EXPECT_EQ(ranges, (range_list{{last - 20, 20}}));
  EXPECT_EQ(subtract(ranges, {{last - 5, 5}}), (range_list{{last - 20, 15}}));
  EXPECT_EQ(clip(ranges, {0, last}), ranges);
}

}  // namespace
}  // namespace umbra
