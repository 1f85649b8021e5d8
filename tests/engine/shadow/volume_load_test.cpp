// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/volume_load.h"

#include <gtest/gtest.h>

namespace umbra::shadow {
namespace {

TEST(volume_load, sectors_written_are_the_seventh_number) {
  EXPECT_EQ(written_bytes("    1051        0     2104       75      312        4     4096      210        0      160      285\n"),
            4096U * 512);
  EXPECT_EQ(written_bytes("1 2 3 4 5 6 7"), 7U * 512);
}

TEST(volume_load, what_is_no_such_line_is_nothing) {
  for (const char* line :
       {"", "1 2 3 4 5 6", "1 2 3 4 5 6 x", "1 2 3 4 5 6 18446744073709551615", "1 2 3 4 5 6 99999999999999999999"}) {
    EXPECT_FALSE(written_bytes(line).has_value()) << line;
  }
}

TEST(volume_load, of_a_device_that_is_not_there_only_the_size_is_known) {
  volume v;
  v.size = 1000;
  const auto load = measure_load(v, std::chrono::milliseconds(0));
  EXPECT_EQ(load.size, 1000U);
  EXPECT_EQ(load.used, 1000U);
  EXPECT_EQ(load.writes, 0);
}

}  // namespace
}  // namespace umbra::shadow
