// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/units.h"

#include <gtest/gtest.h>

#include <limits>

namespace umbra {
namespace {

constexpr auto most = std::numeric_limits<std::uint64_t>::max();

TEST(units, literals_are_powers_of_1024) {
  EXPECT_EQ(1_KiB, 1024U);
  EXPECT_EQ(1_MiB, 1024_KiB);
  EXPECT_EQ(1_GiB, 1024_MiB);
  EXPECT_EQ(1_TiB, 1024_GiB);
}

TEST(units, alignment_brackets_every_number) {
  for (std::uint64_t unit = 1; unit <= 64; unit *= 2) {
    for (std::uint64_t n = 0; n < 200; ++n) {
      EXPECT_EQ(align_down(n, unit), n / unit * unit);
      EXPECT_EQ(align_up(n, unit), (n + unit - 1) / unit * unit);
      EXPECT_EQ(is_aligned(n, unit), n % unit == 0);
    }
  }
}

TEST(units, division_rounds_up_without_overflow) {
  EXPECT_EQ(div_up(0, 512), 0U);
  EXPECT_EQ(div_up(1, 512), 1U);
  EXPECT_EQ(div_up(512, 512), 1U);
  EXPECT_EQ(div_up(513, 512), 2U);
  EXPECT_EQ(div_up(most, 2), most / 2 + 1);
}

TEST(units, powers_of_two_are_known) {
  EXPECT_FALSE(is_power_of_two(0));
  EXPECT_FALSE(is_power_of_two(3));
  EXPECT_FALSE(is_power_of_two(most));
  for (unsigned bit = 0; bit < 64; ++bit) EXPECT_TRUE(is_power_of_two(std::uint64_t{1} << bit));
}

TEST(units, checked_arithmetic_is_empty_on_overflow) {
  EXPECT_EQ(checked_add(most - 1, 1), most);
  EXPECT_EQ(checked_add(most, 1), std::nullopt);
  EXPECT_EQ(checked_mul(most / 2, 2), most - 1);
  EXPECT_EQ(checked_mul(1_TiB, 1_TiB), std::nullopt);
  EXPECT_EQ(checked_mul(0, most), 0U);
}

TEST(units, fits_never_wraps) {
  EXPECT_TRUE(fits(0, 10, 10));
  EXPECT_TRUE(fits(10, 0, 10));
  EXPECT_FALSE(fits(10, 1, 10));
  EXPECT_FALSE(fits(11, 0, 10));
  EXPECT_FALSE(fits(5, most, 10));
  EXPECT_FALSE(fits(most, most, 10));
  EXPECT_TRUE(fits(0, most, most));
}

}  // namespace
}  // namespace umbra
