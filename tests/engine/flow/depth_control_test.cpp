// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/depth_control.h"

#include <gtest/gtest.h>

namespace umbra::flow {
namespace {

void come(depth_control& control, unsigned times, bool waited) {
  for (unsigned i = 0; i < times; ++i) control.came(waited);
}

TEST(depth_control, starts_at_its_least) { EXPECT_EQ(depth_control(2, 8).depth(), 2u); }

TEST(depth_control, grows_to_its_most_while_bytes_are_waited_for) {
  depth_control control(2, 8);
  come(control, 3, true);
  EXPECT_EQ(control.depth(), 5u);
  come(control, 100, true);
  EXPECT_EQ(control.depth(), 8u);
}

TEST(depth_control, shrinks_to_its_least_while_bytes_are_there) {
  depth_control control(2, 8);
  come(control, 6, true);
  come(control, 64, false);
  EXPECT_EQ(control.depth(), 7u);
  come(control, 10'000, false);
  EXPECT_EQ(control.depth(), 2u);
}

TEST(depth_control, one_wait_in_a_run_keeps_it_from_shrinking) {
  depth_control control(2, 8);
  come(control, 6, true);
  for (int i = 0; i < 100; ++i) {
    come(control, 63, false);
    come(control, 1, true);
  }
  EXPECT_EQ(control.depth(), 8u);
}

TEST(depth_control, stays_where_least_and_most_are_one) {
  depth_control control(1, 1);
  come(control, 10, true);
  come(control, 1000, false);
  EXPECT_EQ(control.depth(), 1u);
}

TEST(depth_control, never_exceeds_a_most_below_its_least) { EXPECT_EQ(depth_control(2, 1).depth(), 1u); }

}  // namespace
}  // namespace umbra::flow
