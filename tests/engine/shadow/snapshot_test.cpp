// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/snapshot.h"

#include <gtest/gtest.h>

#include <limits>

namespace umbra::shadow {
namespace {

constexpr auto smallest = std::numeric_limits<std::int64_t>::min();
constexpr auto largest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t second = 10'000'000;

TEST(timestamp, counts_from_1601) {
  EXPECT_EQ(timestamp_of(-11'644'473'600), 0);
  EXPECT_EQ(unix_seconds_of(0), -11'644'473'600);
  EXPECT_EQ(timestamp_of(0), 116'444'736'000'000'000);
  EXPECT_EQ(timestamp_of(1'000'000'000), 126'444'736'000'000'000);  // 2001-09-09 01:46:40
}

TEST(timestamp, reads_back_every_second) {
  for (const std::int64_t s : {std::int64_t{-20'000'000'000}, std::int64_t{-11'644'473'601}, std::int64_t{-1}, std::int64_t{0},
                               std::int64_t{1}, std::int64_t{1} << 31, std::int64_t{1} << 32, std::int64_t{253'402'300'799}})
    EXPECT_EQ(unix_seconds_of(timestamp_of(s)), s);
}

TEST(timestamp, rounds_down_to_the_second_before_and_after_1601) {
  const auto t = timestamp_of(-5);
  EXPECT_EQ(unix_seconds_of(t + second - 1), -5);
  EXPECT_EQ(unix_seconds_of(t - 1), -6);
  EXPECT_EQ(unix_seconds_of(-1), -11'644'473'601);
  EXPECT_EQ(unix_seconds_of(-second), -11'644'473'601);
  EXPECT_EQ(unix_seconds_of(-second - 1), -11'644'473'602);
}

TEST(timestamp, stops_at_its_limits) {
  EXPECT_EQ(timestamp_of(largest), largest);
  EXPECT_EQ(timestamp_of(smallest), smallest);
  const auto last = unix_seconds_of(largest);
  const auto first = unix_seconds_of(smallest);
  EXPECT_EQ(unix_seconds_of(timestamp_of(last)), last);
  EXPECT_EQ(timestamp_of(last + 1), largest);
  EXPECT_EQ(unix_seconds_of(timestamp_of(first + 1)), first + 1);
  EXPECT_EQ(timestamp_of(first), smallest);
}

}  // namespace
}  // namespace umbra::shadow
