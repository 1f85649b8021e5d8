// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/area_forecast.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/base/units.h"

namespace umbra::shadow {
namespace {

using namespace umbra::literals;

constexpr std::uint64_t extent = 4_MiB;
// 1 MB a second is read, nothing else takes time, and nothing is added: numbers that can be followed.
constexpr area_rules plain{.read_rate = 1e6, .other_seconds = 0, .safety = 1, .share = 0, .share_limit = 0, .minimum = 0};

TEST(area_forecast, is_the_load_times_the_time_of_reading) {
  EXPECT_EQ(forecast_area({10_GiB, 1'000'000'000, 1e6}, false, 1, plain), 1'000'000'000U);
  EXPECT_EQ(forecast_area({10_GiB, 1'000'000'000, 2e6}, false, 1, plain), 2'000'000'000U);
  EXPECT_EQ(forecast_area({10_GiB, 500'000'000, 2e6}, false, 1, plain), 1'000'000'000U);
  auto rules = plain;
  rules.other_seconds = 1000;
  rules.safety = 2;
  EXPECT_EQ(forecast_area({10_GiB, 1'000'000'000, 1e6}, false, 1, rules), 4'000'000'000U);
}

TEST(area_forecast, is_in_whole_extents_and_one_at_least) {
  EXPECT_EQ(forecast_area({10_GiB, 1'000'000'000, 1e6}, false, extent, plain), 956_MiB);
  EXPECT_EQ(forecast_area({10_GiB, 10_GiB, 0}, false, extent, plain), extent);
  EXPECT_EQ(whole_extents(0, extent), extent);
  EXPECT_EQ(whole_extents(extent, extent), extent);
  EXPECT_EQ(whole_extents(extent + 1, 3_MiB), 6_MiB) << "an extent need not be a power of two";
}

TEST(area_forecast, is_a_share_of_the_volume_at_least_of_a_large_one_only_if_the_copy_lasts) {
  for (const bool lasts : {false, true}) {
    EXPECT_EQ(forecast_area({1_GiB, 0, 0}, lasts, extent), 104_MiB);
    EXPECT_EQ(forecast_area({100_MiB, 0, 0}, lasts, extent), 64_MiB);
  }
  EXPECT_EQ(forecast_area({10'240_GiB, 0, 0}, false, extent), 1_GiB);
  EXPECT_EQ(forecast_area({10'240_GiB, 0, 0}, true, extent), 1'024_GiB);
}

TEST(area_forecast, is_never_more_than_can_be_lost) {
  const auto most = largest_area(1_GiB, extent);
  EXPECT_EQ(most, 1_GiB + 16_MiB + 2 * extent);
  EXPECT_EQ(forecast_area({1_GiB, 1_GiB, 1e12}, false, extent), most);
  EXPECT_EQ(forecast_area({8_MiB, 8_MiB, 0}, false, extent), largest_area(8_MiB, extent)) << "less than the minimum";
  // More used than there is, and a rate that is none.
  EXPECT_EQ(forecast_area({1_GiB, 1'024_GiB, 1e6}, false, 1, plain), forecast_area({1_GiB, 1_GiB, 1e6}, false, 1, plain));
  EXPECT_EQ(forecast_area({1_GiB, 1_GiB, std::numeric_limits<double>::infinity()}, false, extent), most);
  EXPECT_EQ(forecast_area({1_GiB, 1_GiB, std::nan("")}, false, extent), most);
  EXPECT_EQ(forecast_area({1_GiB, 1_GiB, -1}, false, extent, plain), extent);
}

}  // namespace
}  // namespace umbra::shadow
