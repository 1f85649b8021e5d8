// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/map_shape.h"

#include <gtest/gtest.h>

#include "formats/native/manifest.h"

namespace umbra::native {
namespace {

using image::region_size;

TEST(map_shape, gives_every_source_at_least_one_level) {
  EXPECT_EQ(level_for(0), 1);
  EXPECT_EQ(level_for(1), 1);
  EXPECT_EQ(level_for(256 * region_size), 1);
  EXPECT_EQ(level_for(256 * region_size + 1), 2);
  EXPECT_EQ(level_for(256 * 256 * region_size), 2);
  EXPECT_EQ(level_for(256 * 256 * region_size + 1), 3);
  EXPECT_EQ(level_for(~std::uint64_t{0}), 5);
}

TEST(map_shape, cuts_the_last_region_and_the_last_nodes) {
  const map_shape shape(300 * region_size + 5);
  EXPECT_EQ(shape.regions(), 301);
  EXPECT_EQ(shape.region_bytes(299), region_size);
  EXPECT_EQ(shape.region_bytes(300), 5);
  EXPECT_EQ(shape.end(1, 0), 256);
  EXPECT_EQ(shape.end(1, 256), 301);
  EXPECT_EQ(shape.children(1, 0), 256);
  EXPECT_EQ(shape.children(1, 256), 45);
  EXPECT_EQ(shape.children(2, 0), 2);
}

TEST(map_shape, places_regions_below_their_nodes) {
  EXPECT_EQ(map_shape::first(0, 777), 777);
  EXPECT_EQ(map_shape::first(1, 777), 768);
  EXPECT_EQ(map_shape::first(2, 777), 0);
  EXPECT_EQ(map_shape::first(2, 65536 + 777), 65536);
}

TEST(map_shape, does_not_overflow_at_the_largest_source) {
  const map_shape shape(~std::uint64_t{0});
  const std::uint64_t last = shape.regions() - 1;
  EXPECT_EQ(last, (std::uint64_t{1} << 39) - 1);
  EXPECT_EQ(shape.region_bytes(last), region_size - 1);
  EXPECT_EQ(shape.children(5, 0), 128);
  EXPECT_EQ(shape.end(4, map_shape::first(4, last)), shape.regions());
}

}  // namespace
}  // namespace umbra::native
