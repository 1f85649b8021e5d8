// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/layout_bar.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cli/layouts.h"

namespace umbra::cli {
namespace {

using test::gib;

std::size_t columns_of(const std::string& line) {
  return static_cast<std::size_t>(std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

TEST(layout_bar, gives_each_partition_its_share) {
  const auto layout = test::three_partitions();
  EXPECT_EQ(layout_bar(layout, 41, false), "|1 BOOT |2 root ext4 ###---|3|          |");
  EXPECT_EQ(layout_bar(layout, 41, true), "▕1 BOOT ▏2 root ext4 ███░░░▏3▏          ▏");
}

TEST(layout_bar, is_as_wide_as_it_was_told) {
  const auto layout = test::three_partitions();
  for (std::size_t columns = 8; columns < 300; ++columns) {
    for (const bool utf8 : {false, true}) EXPECT_EQ(columns_of(layout_bar(layout, columns, utf8)), columns);
  }
}

TEST(layout_bar, is_empty_where_the_partitions_do_not_fit) {
  EXPECT_EQ(layout_bar(test::three_partitions(), 6, true), "");
  EXPECT_EQ(layout_bar(test::three_partitions(), 0, true), "");
  EXPECT_EQ(layout_bar({}, 80, true), "");
}

TEST(layout_bar, of_a_disk_without_a_table_is_one_stretch) {
  registry::disk_layout layout;
  layout.size = 4 * gib;
  layout.regions = {{{table::region_kind::whole, 0, 4 * gib, 0, 0}, registry::volume_content{}}};
  EXPECT_EQ(layout_bar(layout, 10, false), "|========|");
  layout.regions[0].content->kind = "ext4";
  layout.regions[0].content->used = gib;
  EXPECT_EQ(layout_bar(layout, 14, false), "|ext4 ##-----|");
}

TEST(layout_bar, shows_a_used_byte_and_a_full_volume) {
  registry::disk_layout layout;
  layout.size = gib;
  layout.regions = {{{table::region_kind::whole, 0, gib, 0, 0}, registry::volume_content{}}};
  layout.regions[0].content->used = 1;
  EXPECT_EQ(layout_bar(layout, 10, false), "|#-------|");
  layout.regions[0].content->used = gib;
  EXPECT_EQ(layout_bar(layout, 10, false), "|########|");
  layout.regions[0].content->used = 0;
  EXPECT_EQ(layout_bar(layout, 10, false), "|--------|");
}

TEST(layout_bar, leaves_out_names_whose_width_it_does_not_know) {
  auto layout = test::three_partitions();
  layout.regions[2].content->label = "\u6839";
  EXPECT_EQ(layout_bar(layout, 41, true), "▕1 BOOT ▏2 ext4 █████░░░░░░▏3▏          ▏");
  layout.regions[2].content->label = "gr\u00fcn";
  EXPECT_EQ(layout_bar(layout, 41, true), "▕1 BOOT ▏2 grün ext4 ███░░░▏3▏          ▏");
  EXPECT_EQ(layout_bar(layout, 41, false), "|1 BOOT |2 ext4 #####------|3|          |");
  layout.regions[2].content->label = "\x1b[1m";
  EXPECT_EQ(layout_bar(layout, 41, false), "|1 BOOT |2 ?[1m ext4 ###---|3|          |");
}

TEST(layout_bar, has_room_for_very_many_partitions) {
  registry::disk_layout layout;
  layout.size = 128 * gib;
  for (std::uint32_t i = 0; i < 128; ++i) {
    table::partition p;
    p.number = i + 1;
    layout.table.partitions.push_back(p);
    layout.regions.push_back({{table::region_kind::partition, i * gib, gib, i, 0}, registry::volume_content{}});
  }
  EXPECT_EQ(layout_bar(layout, 256, false), "");
  EXPECT_EQ(columns_of(layout_bar(layout, 257, false)), 257u);
}

}  // namespace umbra::cli
