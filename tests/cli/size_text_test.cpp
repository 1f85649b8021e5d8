// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/size_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace umbra::cli {
namespace {

TEST(size_text, reads_what_people_write) {
  const std::pair<const char*, std::uint64_t> sizes[] = {
      {"0", 0},
      {"4096", 4096},
      {"512B", 512},
      {"64K", 65536},
      {"64k", 65536},
      {"64KiB", 65536},
      {"64kib", 65536},
      {"1Ki", 1024},
      {"1.5G", 3ull << 29},
      {"0.5K", 512},
      {"1.0", 1},
      {"2T", 2ull << 40},
      {"1P", 1ull << 50},
      {"15E", 15ull << 60},
      {"18446744073709551615", ~0ull},
      {"0000000000000000000000064K", 65536},
  };
  for (const auto& [text, bytes] : sizes) {
    const auto size = parse_size(text);
    ASSERT_TRUE(size.has_value()) << text;
    EXPECT_EQ(size.value(), bytes) << text;
  }
}

TEST(size_text, reads_times) {
  using namespace std::chrono_literals;
  for (const auto& [text, wanted] : std::vector<std::pair<std::string, std::chrono::milliseconds>>{
           {"0", 0s}, {"90", 90s}, {"90s", 90s}, {"10m", 600s}, {"2h", 7200s}, {"1d", 86400s}}) {
    const auto time = parse_time(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_EQ(time.value(), wanted) << text;
  }
  for (const std::string text : {"", "s", "-1", "1.5h", "1H", "10 m", "99999999999999999999", "4000000000", "1hm"}) {
    const auto time = parse_time(text);
    ASSERT_TRUE(time.has_error()) << text;
    EXPECT_EQ(time.error().code(), errc::usage) << text;
  }
}

TEST(size_text, refuses_what_is_no_size_with_its_text) {
  for (const std::string text : {"",
                                 "K",
                                 ".5K",
                                 "5.K",
                                 "1.5",
                                 "0.3K",
                                 "64KB",
                                 "64 K",
                                 " 64",
                                 "64K ",
                                 "-1",
                                 "+1",
                                 "1e3",
                                 "0x10",
                                 "1,5G",
                                 "12Q",
                                 "1.2.",
                                 "١",
                                 "16E",
                                 "18446744073709551616",
                                 "15.9999999E",
                                 "1.0000000K"}) {
    const auto size = parse_size(text);
    ASSERT_TRUE(size.has_error()) << text;
    EXPECT_EQ(size.error().code(), errc::usage);
    EXPECT_TRUE(size.error().message().starts_with("'" + text + "' is not a size")) << size.error().message();
  }
}

TEST(size_text, is_short) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1024), "1.0 KiB");
  EXPECT_EQ(size_text(65536), "64.0 KiB");
  // Rounded up into the next unit, never "1024.0 KiB".
  EXPECT_EQ(size_text((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(size_text(1 << 20), "1.0 MiB");
  EXPECT_EQ(size_text(6442450944), "6.0 GiB");
  EXPECT_EQ(size_text(~0ull), "16.0 EiB");
}

TEST(size_text, tells_rates_times_shares_and_counts) {
  EXPECT_EQ(rate_text(3 << 20, 2), "1.5 MiB/s");
  EXPECT_EQ(rate_text(0, 0), "0 B/s");
  EXPECT_EQ(duration_text(0), "0:00");
  EXPECT_EQ(duration_text(59.6), "1:00");
  EXPECT_EQ(duration_text(-3), "0:00");
  EXPECT_EQ(duration_text(3723), "1:02:03");
  EXPECT_EQ(share_text(0, 0), "0 %");
  EXPECT_EQ(share_text(1, 8), "12.5 %");
  EXPECT_EQ(share_text(5, 5), "100.0 %");
  EXPECT_EQ(counted(0, "image"), "0 images");
  EXPECT_EQ(counted(1, "image"), "1 image");
  EXPECT_EQ(counted(2, "image"), "2 images");
}

}  // namespace
}  // namespace umbra::cli
