// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/file_extents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace umbra::fs {
namespace {

using plan::file_extent;
using testing::ElementsAre;

TEST(file_extents, are_sorted_and_leave_each_byte_to_one_file) {
  const auto tidy = tidy_file_extents({{300, 100, 0}, {100, 150, 5000}, {200, 120, 0}}, {{0, 1000}});
  EXPECT_THAT(tidy, ElementsAre(file_extent{100, 150, 5000}, file_extent{250, 70, 50}, file_extent{320, 80, 20}));
}

TEST(file_extents, stay_inside_what_is_used) {
  const auto tidy = tidy_file_extents({{50, 100, 0}, {290, 100, 7}, {500, 10, 0}}, {{100, 200}, {350, 100}});
  EXPECT_THAT(tidy, ElementsAre(file_extent{100, 50, 50}, file_extent{290, 10, 7}));
}

TEST(file_extents, do_not_depend_on_the_order_they_were_found_in) {
  const range_list used{{0, 1000}};
  EXPECT_EQ(tidy_file_extents({{0, 10, 0}, {0, 20, 0}, {0, 10, 4096}}, used),
            tidy_file_extents({{0, 10, 4096}, {0, 20, 0}, {0, 10, 0}}, used));
}

}  // namespace
}  // namespace umbra::fs
