// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/plan/cuts.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace umbra::plan {
namespace {

constexpr std::uint32_t block = 64 << 10;

std::vector<range> ranges(std::initializer_list<range> list) { return list; }

// A made-up layout: files of many sizes at sector granularity, with gaps, some extents beginning inside their file.
std::vector<file_extent> random_files(std::mt19937_64& random, std::uint64_t size) {
  std::vector<file_extent> files;
  for (std::uint64_t at = 512 * (random() % 300); at < size;) {
    file_extent f{at, 512 * (1 + random() % 1500), random() % 2 ? 0 : 512 * (random() % 5000)};
    files.push_back(f);
    at = f.end() + (random() % 3 ? 512 * (random() % 400) : 0);
  }
  return files;
}

range random_window(std::mt19937_64& random, std::uint64_t size) {
  const auto begin = 512 * (random() % (size / 512));
  return {begin, 512 * (1 + random() % ((size - begin) / 512))};
}

}  // namespace

TEST(cuts, follow_the_fixed_grid_without_files) {
  EXPECT_EQ(cut({0, 2 * block}, {}, block), ranges({{0, block}, {block, block}}));
  EXPECT_EQ(cut({512, block}, {}, block), ranges({{512, block - 512}, {block, 512}}));
}

TEST(cuts, of_an_empty_window_are_none) { EXPECT_TRUE(cut({4096, 0}, {}, block).empty()); }

TEST(cuts, count_from_the_beginning_of_the_file) {
  const std::vector<file_extent> files{{10 * 512, 3 * block, 0}};
  EXPECT_EQ(
      cut({0, 4 * block}, files, block),
      ranges({{0, 5120}, {5120, block}, {5120 + block, block}, {5120 + 2 * block, block}, {5120 + 3 * block, block - 5120}}));
}

TEST(cuts, keep_the_phase_of_an_extent_that_begins_inside_its_file) {
  const std::vector<file_extent> files{{0, 2 * block, 3 * block + 4096}};
  EXPECT_EQ(cut({0, 2 * block}, files, block), ranges({{0, block - 4096}, {block - 4096, block}, {2 * block - 4096, 4096}}));
}

TEST(cuts, ignore_files_outside_the_window) {
  const std::vector<file_extent> files{{0, block + 512, 0}, {9 * block + 512, block, 0}};
  EXPECT_EQ(cut({2 * block, block}, files, block), ranges({{2 * block, block}}));
}

TEST(cuts, accept_a_file_that_reaches_beyond_both_ends_of_the_window) {
  const std::vector<file_extent> files{{512, 100 * block, 0}};
  EXPECT_EQ(cut({block, block}, files, block), ranges({{block, 512}, {block + 512, block - 512}}));
}

TEST(cuts, accept_an_odd_end_of_the_device) { EXPECT_EQ(cut({0, block + 100}, {}, block), ranges({{0, block}, {block, 100}})); }

TEST(cuts, cover_the_window_in_order_with_blocks_of_at_most_one_block_size) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    const auto size = 16u << 20;
    const auto files = random_files(random, size);
    const auto window = random_window(random, size);
    auto at = window.offset;
    for (const auto& b : cut(window, files, block)) {
      ASSERT_EQ(b.offset, at);
      ASSERT_GT(b.size, 0u);
      ASSERT_LE(b.size, block);
      at = b.end();
    }
    ASSERT_EQ(at, window.end());
  }
}

TEST(cuts, include_every_end_of_a_file_extent) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 100; ++round) {
    const auto size = 4u << 20;
    const auto files = random_files(random, size);
    const auto blocks = cut({0, size}, files, block);
    for (const auto& f : files) {
      if (f.end() > size) continue;
      ASSERT_TRUE(std::ranges::binary_search(blocks, f.offset, {}, &range::offset));
      ASSERT_TRUE(std::ranges::binary_search(blocks, f.end(), {}, &range::end));
    }
  }
}

TEST(cuts, are_the_same_when_a_window_is_cut_in_two_at_a_cut) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    const auto size = 16u << 20;
    const auto files = random_files(random, size);
    const auto window = random_window(random, size);
    const auto whole = cut(window, files, block);
    const auto middle = whole[random() % whole.size()].offset;
    auto halves = cut({window.offset, middle - window.offset}, files, block);
    const auto second = cut({middle, window.end() - middle}, files, block);
    halves.insert(halves.end(), second.begin(), second.end());
    ASSERT_EQ(halves, whole);
  }
}

TEST(cuts, are_the_same_within_a_file_wherever_it_lies) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 300; ++round) {
    const std::uint64_t size = 512 * (1 + random() % 4000);
    const std::uint64_t inside = 512 * (random() % 4000);
    const auto relative_cuts = [&](std::uint64_t place) {
      const std::vector<file_extent> files{{place, size, inside}};
      auto blocks = cut({place, size}, files, block);
      for (auto& b : blocks) b.offset -= place;
      return blocks;
    };
    ASSERT_EQ(relative_cuts(512 * (random() % (1 << 20))), relative_cuts(512 * (random() % (1 << 20))));
  }
}

TEST(cuts, stand_a_file_offset_near_the_end_of_numbers) {
  const std::vector<file_extent> files{{512, 4096, ~std::uint64_t{0} - 511}};
  EXPECT_EQ(cut({0, 8192}, files, 4096), ranges({{0, 512}, {512, 512}, {1024, 3584}, {4608, 3584}}));
}

}  // namespace umbra::plan
