// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/layout_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/layout_json.h"
#include "tests/cli/layouts.h"

namespace umbra::cli {
namespace {

using test::gib;
using test::mib;
using testing::HasSubstr;
using testing::Not;

// Partition 2 is an extended one with one logical partition in it.
registry::disk_layout nested() {
  registry::disk_layout layout;
  layout.size = 4 * gib;
  layout.table.kind = table::table_kind::mbr;
  layout.table.id = "1a2b3c4d";
  layout.table.pieces = {{table::piece_kind::mbr, 0, 512}, {table::piece_kind::ebr, gib, 512}};
  layout.table.containers = {test::numbered(2, gib, 2 * gib, "extended")};
  layout.table.partitions = {test::numbered(5, gib + mib, gib, "Linux LVM")};
  using table::region_kind;
  layout.regions = {
      {{region_kind::table, 0, 512, 0, 0}, {}},
      {{region_kind::free, 512, gib - 512, 0, 0}, {}},
      {{region_kind::table, gib, 512, 1, 2}, {}},
      {{region_kind::gap, gib + 512, mib - 512, 0, 2}, {}},
      {{region_kind::partition, gib + mib, gib, 0, 2}, test::content_of("LVM", "")},
      {{region_kind::free, 2 * gib + mib, gib - mib, 0, 2}, {}},
      {{region_kind::free, 3 * gib, gib, 0, 0}, {}},
  };
  return layout;
}

}  // namespace

TEST(layout_text, names_the_table) {
  EXPECT_EQ(table_text(test::three_partitions()), "GPT 11223344-5566-7788-99aa-bbccddeeff00, sectors of 512 bytes");
  EXPECT_EQ(table_text(nested()), "MBR 1a2b3c4d, sectors of 512 bytes");
  registry::disk_layout none;
  none.sector = 4096;
  EXPECT_EQ(table_text(none), "no partition table, sectors of 4096 bytes");
}

TEST(layout_text, aligns_what_it_tells_of_each_region) {
  EXPECT_EQ(layout_tree(test::three_partitions(), false),
            "        BEGIN      SIZE     USED     FREE  TYPE               CONTENT\n"
            "|-        0 B     512 B                    partition table\n"
            "|- 1  1.0 MiB   2.0 GiB                    EFI system \"BOOT\"  unknown\n"
            "|- 2  2.0 GiB   5.0 GiB  2.0 GiB  3.0 GiB  Linux file system  ext4 \"root\" 9e5b0b1e-0000-4000-8000-000000000001\n"
            "|- 3  7.0 GiB  10.0 MiB                    Linux swap         swap\n"
            "`-    7.0 GiB   3.0 GiB                    not partitioned\n");
}

TEST(layout_text, puts_logical_partitions_below_the_extended_one) {
  EXPECT_EQ(layout_tree(nested(), true),
            "           BEGIN        SIZE  USED  FREE  TYPE             CONTENT\n"
            "├─           0 B       512 B              partition table\n"
            "├─         512 B     1.0 GiB              not partitioned\n"
            "├─ 2     1.0 GiB     2.0 GiB              extended\n"
            "│  ├─    1.0 GiB       512 B              partition table\n"
            "│  ├─    1.0 GiB  1023.5 KiB              gap\n"
            "│  ├─ 5  1.0 GiB     1.0 GiB              Linux LVM        LVM\n"
            "│  └─    2.0 GiB  1023.0 MiB              not partitioned\n"
            "└─       3.0 GiB     1.0 GiB              not partitioned\n");
}

TEST(layout_text, puts_logical_volumes_below_the_physical_one) {
  auto layout = nested();
  registry::disk_layout root;
  root.size = gib / 2;
  auto content = test::content_of("ext4", "root");
  content.used = 100 * mib;
  root.regions = {{{table::region_kind::whole, 0, gib / 2, 0, 0}, content}};
  auto guest = test::three_partitions();
  layout.regions[4].content->volumes = {{"vg/root", root}, {"vg/guest", guest}};
  const auto text = layout_tree(layout, false);
  EXPECT_THAT(text, HasSubstr("\n|  |  |-                 512.0 MiB  100.0 MiB  412.0 MiB  volume vg/root"));
  EXPECT_THAT(text, HasSubstr("volume vg/root     ext4 \"root\"\n"));
  EXPECT_THAT(text, HasSubstr("\n|  |  `-                  10.0 GiB                        volume vg/guest    GPT 11223344-"));
  EXPECT_THAT(text, HasSubstr("\n|  |     |- 2  2.0 GiB     5.0 GiB    2.0 GiB    3.0 GiB  Linux file system  ext4"));
  const auto json = to_json(layout);
  EXPECT_EQ(json["regions"][4]["content"]["volumes"][1]["name"], "vg/guest");
  EXPECT_EQ(json["regions"][4]["content"]["volumes"][1]["layout"]["regions"].size(), 5u);
  EXPECT_FALSE(json["regions"][4]["content"]["volumes"][1]["layout"]["regions"][1]["content"].contains("volumes"));
}

TEST(layout_text, shows_notes_that_say_more_than_the_columns) {
  auto layout = test::three_partitions();
  auto& root = *layout.regions[2].content;
  root.used.reset();
  root.notes = {"ext4, copied whole: journal with changes"};
  layout.regions[3].content->notes = {"swap, copied whole"};
  layout.notes = {"GPT: its two copies differ"};
  const auto text = layout_tree(layout, false);
  EXPECT_THAT(text, HasSubstr("\n|     note: ext4, copied whole: journal with changes\n"));
  EXPECT_THAT(text, HasSubstr("\nnote: GPT: its two copies differ\n"));
  EXPECT_THAT(text, Not(HasSubstr("swap, copied whole")));
}

TEST(layout_text, tells_when_a_format_claims_less_than_its_partition) {
  auto layout = test::three_partitions();
  layout.regions[3].content->size = 9 * mib;
  EXPECT_THAT(layout_tree(layout, false), HasSubstr("swap, 9.0 MiB of it\n"));
  layout.regions[3].content->size = 10 * mib - 4096;
  EXPECT_THAT(layout_tree(layout, false), Not(HasSubstr("of it")));
}

TEST(layout_text, steers_no_terminal) {
  auto layout = test::three_partitions();
  layout.table.partitions[0].name = "a\x1b[2J";
  auto& root = *layout.regions[2].content;
  root.label = "\x07\n\xff";
  root.id = "\r";
  root.notes = {"\x1b]0;x"};
  layout.notes = {"\x9b"};
  for (const char c : layout_tree(layout, true)) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  EXPECT_THAT(layout_tree(layout, false), HasSubstr("\"???\""));
}

TEST(layout_json, tells_what_is_free) {
  const auto json = to_json(test::three_partitions());
  EXPECT_EQ(json["regions"][2]["content"]["used"], 2 * gib);
  EXPECT_EQ(json["regions"][2]["content"]["free"], 3 * gib);
  EXPECT_TRUE(json["regions"][1]["content"]["free"].is_null());
  EXPECT_EQ(json["regions"][0]["piece"], "mbr");
  EXPECT_EQ(to_json(nested())["regions"][4]["container"], 2);
}

TEST(layout_json, names_the_bits_of_attributes) {
  auto layout = test::three_partitions();
  layout.table.partitions[1].attributes = std::uint64_t{1} << 63 | 7;
  EXPECT_EQ(to_json(layout)["regions"][2]["attributes"], (nlohmann::json{"required", "no_block_io", "legacy_boot", "bit_63"}));
}

}  // namespace umbra::cli
