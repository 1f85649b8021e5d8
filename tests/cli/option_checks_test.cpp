// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/option_checks.h"

#include <gtest/gtest.h>

#include <limits>

namespace umbra::cli {
namespace {

// What the check says; empty: nothing.
std::string said(const CLI::Validator& check, const std::string& value) { return check(value); }

TEST(option_checks, take_whole_numbers_between_bounds) {
  const auto check = whole_number(1, 256);
  for (const char* fine : {"1", "256", "0017"}) EXPECT_EQ(said(check, fine), "") << fine;
  for (const char* wrong : {"", "0", "257", "-1", "+1", "1.0", "1 ", " 1", "0x1", "one", "99999999999999999999999"}) {
    EXPECT_EQ(said(check, wrong), "'" + std::string(wrong) + "' is not a whole number from 1 to 256");
  }
  const auto any = whole_number(0, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(said(any, "18446744073709551615"), "");
  EXPECT_NE(said(any, "18446744073709551616"), "");
}

TEST(option_checks, take_percentages) {
  for (const char* fine : {"0", "100", "12.5", "1e1"}) EXPECT_EQ(said(percentage(), fine), "") << fine;
  for (const char* wrong : {"", "-0.1", "100.1", "nan", "inf", "-inf", "5%", "x"}) {
    EXPECT_EQ(said(percentage(), wrong), "'" + std::string(wrong) + "' is not a percentage from 0 to 100");
  }
}

TEST(option_checks, take_one_of_the_choices_and_name_them) {
  const auto check = one_of({"files", "grid"});
  EXPECT_EQ(said(check, "grid"), "");
  EXPECT_EQ(said(check, "Grid"), "'Grid' is none of files, grid");
  EXPECT_EQ(check.get_description(), "files|grid");
}

TEST(option_checks, take_block_sizes) {
  for (const char* fine : {"4K", "4096", "64K", "4M", "4194304"}) EXPECT_EQ(said(block_size_value(), fine), "") << fine;
  for (const char* wrong : {"0", "2K", "5K", "8M", "65535", "16E"}) {
    EXPECT_NE(said(block_size_value(), wrong), "") << wrong;
    EXPECT_EQ(parse_block_size(wrong).error().code(), errc::usage) << wrong;
  }
  EXPECT_EQ(parse_block_size("1M").value(), 1u << 20);
  EXPECT_EQ(said(size_value(), "1.5G"), "");
  EXPECT_NE(said(size_value(), "lots"), "");
}

TEST(option_checks, know_each_codecs_levels) {
  codec::encoder_options options;
  options.level = 9;
  EXPECT_EQ(chosen_codec("lz4", options).value().id, codec::codec_id::lz4);
  EXPECT_EQ(chosen_codec("zstd", options).value().level, 9);
  options.level = 1;
  EXPECT_EQ(chosen_codec("lz4", options).error().code(), errc::usage);
  EXPECT_TRUE(chosen_codec("zstd", options).has_value());
  EXPECT_EQ(chosen_codec("gzip", options).error().code(), errc::usage);
}

}  // namespace
}  // namespace umbra::cli
