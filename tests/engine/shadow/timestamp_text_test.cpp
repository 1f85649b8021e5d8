// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/timestamp_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace umbra::shadow {
namespace {

constexpr timestamp unix_epoch = 116'444'736'000'000'000;  // 1970-01-01 in ticks since 1601

TEST(timestamp_text, writes_known_times) {
  EXPECT_EQ(to_text(unix_epoch), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_text(unix_epoch + 1'714'564'800 * 10'000'000LL), "2024-05-01T12:00:00Z");
  EXPECT_EQ(to_text(1), "1601-01-01T00:00:00.0000001Z");
  EXPECT_EQ(to_text(unix_epoch + 951'782'399 * 10'000'000LL + 5'000'000), "2000-02-28T23:59:59.5Z");
  EXPECT_EQ(to_text(unix_epoch + 951'782'400 * 10'000'000LL), "2000-02-29T00:00:00Z");
}

TEST(timestamp_text, no_time_is_no_text) {
  EXPECT_EQ(to_text(0), "");
  EXPECT_EQ(to_text(-1), "");
  EXPECT_EQ(to_text(std::numeric_limits<timestamp>::min()), "");
}

TEST(timestamp_text, comes_back_exactly) {
  for (const timestamp t : {timestamp{1}, timestamp{9'999'999}, unix_epoch, unix_epoch + 1'234'567,
                            timestamp{133'590'384'001'234'567}, std::numeric_limits<timestamp>::max()})
    EXPECT_EQ(parse_timestamp(to_text(t)), t) << to_text(t);
}

TEST(timestamp_text, reads_offsets) {
  const auto noon = parse_timestamp("2024-05-01T12:00:00Z");
  ASSERT_TRUE(noon);
  EXPECT_EQ(parse_timestamp("2024-05-01T12:00:00+00:00"), noon);
  EXPECT_EQ(parse_timestamp("2024-05-01T14:30:00+02:30"), noon);
  EXPECT_EQ(parse_timestamp("2024-04-30T23:30:00-12:30"), noon);
  EXPECT_EQ(parse_timestamp("2024-05-01T12:00:00.000000000+00:00"), noon);
  EXPECT_EQ(parse_timestamp("2024-05-01T12:00:00.123456789Z"), *noon + 1'234'567);
  EXPECT_EQ(parse_timestamp("2024-05-01T12:00:00.1Z"), *noon + 1'000'000);
}

TEST(timestamp_text, refuses_everything_else) {
  for (const auto* text : {"",
                           "2024",
                           "2024-05-01",
                           "2024-05-01T12:00:00",
                           "2024-05-01 12:00:00Z",
                           "2024-13-01T12:00:00Z",
                           "2024-00-01T12:00:00Z",
                           "2023-02-29T12:00:00Z",
                           "2024-04-31T12:00:00Z",
                           "2024-05-00T12:00:00Z",
                           "2024-05-01T24:00:00Z",
                           "2024-05-01T12:60:00Z",
                           "2024-05-01T12:00:60Z",
                           "2024-05-01T12:00:00.Z",
                           "2024-05-01T12:00:00.1234567890Z",
                           "2024-05-01T12:00:00Z ",
                           " 2024-05-01T12:00:00Z",
                           "2024-05-01T12:00:00+0200",
                           "2024-05-01T12:00:00+24:00",
                           "2024-05-01T12:00:00z",
                           "24-05-01T12:00:00Z",
                           "-024-05-01T12:00:00Z",
                           "2024-5-01T12:00:00Z",
                           "1600-12-31T23:59:59Z",
                           "1601-01-01T00:00:00+00:01",
                           "99999-01-01T00:00:00Z",
                           "30829-01-01T00:00:00Z",
                           "yesterday"})
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
}

}  // namespace
}  // namespace umbra::shadow
