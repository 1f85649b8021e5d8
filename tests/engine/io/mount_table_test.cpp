// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/mount_table.h"

#include <gtest/gtest.h>

namespace umbra::io {
namespace {

TEST(mount_table, reads_a_plain_mount) {
  const auto found = parse_mountinfo("26 1 254:0 / /mnt rw,relatime - ext4 /dev/vda rw,discard\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id, 26u);
  EXPECT_EQ(found[0].device, (device_number{254, 0}));
  EXPECT_EQ(found[0].root, "/");
  EXPECT_EQ(found[0].mount_point, "/mnt");
  EXPECT_EQ(found[0].type, "ext4");
  EXPECT_EQ(found[0].source, "/dev/vda");
  EXPECT_FALSE(found[0].read_only);
}

TEST(mount_table, passes_over_any_number_of_optional_fields) {
  const auto found = parse_mountinfo(
      "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 propagate_from:2 - ext3 /dev/root rw,errors=continue\n"
      "37 35 98:1 / /x rw unbindable - xfs /dev/sdb1 ro,attr2\n");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].type, "ext3");
  EXPECT_EQ(found[0].root, "/mnt1");
  EXPECT_EQ(found[1].source, "/dev/sdb1");
}

TEST(mount_table, takes_read_only_from_the_file_system_not_from_one_mount_of_it) {
  const auto found = parse_mountinfo(
      "1 0 8:1 / /a ro,relatime - ext4 /dev/sda1 rw,discard\n"
      "2 0 8:2 / /b rw,relatime - ext4 /dev/sda2 ro\n");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_FALSE(found[0].read_only);
  EXPECT_TRUE(found[1].read_only);
}

TEST(mount_table, undoes_octal_escapes) {
  const auto found = parse_mountinfo("1 0 8:1 / /with\\040space\\134and\\011tab rw - ext4 /dev/disk\\040one rw\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].mount_point, "/with space\\and\ttab");
  EXPECT_EQ(found[0].source, "/dev/disk one");
}

TEST(mount_table, leaves_what_is_no_escape_as_it_is) {
  EXPECT_EQ(unescape_octal("\\04"), "\\04");
  EXPECT_EQ(unescape_octal("\\089"), "\\089");
  EXPECT_EQ(unescape_octal("\\777"), "\\777");
  EXPECT_EQ(unescape_octal("a\\040"), "a ");
  EXPECT_EQ(unescape_octal(""), "");
}

TEST(mount_table, a_dash_in_the_first_fields_separates_nothing) {
  const auto found = parse_mountinfo("1 0 8:1 - - - - ext4 - rw\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].mount_point, "-");
  EXPECT_EQ(found[0].type, "ext4");
  EXPECT_EQ(found[0].source, "-");
}

TEST(mount_table, bears_an_empty_source) {
  const auto found = parse_mountinfo("1 0 0:33 / /mnt rw - tmpfs  rw,size=4k\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].source, "");
  EXPECT_EQ(found[0].option("size"), "4k");
}

TEST(mount_table, tells_options_by_name) {
  const auto found = parse_mountinfo("1 0 0:40 / /m rw - overlay overlay rw,lowerdir=/l,upperdir=/u\\040p,workdir=/w\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].option("upperdir"), "/u p");
  EXPECT_EQ(found[0].option("lowerdir"), "/l");
  EXPECT_EQ(found[0].option("lower"), "");
  EXPECT_EQ(found[0].option("rw"), "");
}

TEST(mount_table, leaves_broken_lines_out) {
  const auto found = parse_mountinfo(
      "\n-\n1 2\n1 0 8:1 / /a rw\n1 0 8:1 / /a rw - \n1 0 8:1 / /a rw - ext4\n"
      "x 0 8:1 / /a rw - ext4 /dev/x rw\n1 0 81 / /a rw - ext4 /dev/x rw\n1 0 8:99999999999 / /a rw - ext4 /dev/x rw\n"
      "5 0 8:1 / /good rw - ext4 /dev/x rw");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].mount_point, "/good");
}

TEST(mount_table, reads_device_numbers) {
  EXPECT_EQ(parse_device_number("8:17\n"), (device_number{8, 17}));
  for (const auto* wrong : {"", "8", "8:", ":1", "8:1:2", "-8:1", "8:1 x", "a:b"})
    EXPECT_FALSE(parse_device_number(wrong)) << wrong;
}

TEST(mount_table, reads_swaps) {
  const auto found = parse_swaps(
      "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
      "/dev/dm-1                               partition\t8388604\t\t0\t\t-2\n"
      "/swap\\040file                           file\t\t1048572\t\t0\t\t-3\n");
  EXPECT_EQ(found, (std::vector<std::string>{"/dev/dm-1", "/swap file"}));
  EXPECT_TRUE(parse_swaps("").empty());
}

}  // namespace
}  // namespace umbra::io
