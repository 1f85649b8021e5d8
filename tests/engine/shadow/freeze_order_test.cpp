// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/freeze_order.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace umbra::shadow {
namespace {

using strings = std::vector<std::string>;

volume mounted_at(const std::string& mount_point, const std::string& backing_file = "") {
  volume v;
  v.name = v.mount_point = mount_point;
  v.device = "/dev" + mount_point;
  v.number = {7, 1};
  v.backing_file = backing_file;
  return v;
}

struct freeze_order : testing::Test {
  std::set<std::pair<std::string, std::string>> lying;  // path, and the device on which it lies
  lies_on_call lies_on = [this](const std::string& inside, const std::string& disk) -> result<bool> {
    return lying.contains({inside, disk});
  };
  strings order_of(const std::vector<volume>& volumes, const strings& mounted) {
    return in_order_of_mounting(volumes, mounted, lies_on).value();
  }
};

TEST_F(freeze_order, is_that_of_the_mount_table_whatever_the_order_of_asking) {
  const strings mounted{"/proc", "/a", "/b", "/c"};
  EXPECT_EQ(order_of({mounted_at("/c"), mounted_at("/a"), mounted_at("/b")}, mounted), (strings{"/a", "/b", "/c"}));
  EXPECT_EQ(order_of({mounted_at("/b"), mounted_at("/c"), mounted_at("/a")}, mounted), (strings{"/a", "/b", "/c"}));
}

TEST_F(freeze_order, takes_the_last_of_mounts_over_each_other_and_puts_unknown_ones_behind) {
  EXPECT_EQ(order_of({mounted_at("/x"), mounted_at("/a"), mounted_at("/b")}, {"/a", "/b", "/a"}), (strings{"/b", "/a", "/x"}));
}

TEST_F(freeze_order, puts_what_holds_a_file_before_what_lies_in_it) {
  // /outer was mounted anew after /inner, on another folder.
  lying = {{"/old/file", "/dev/outer"}};
  EXPECT_EQ(order_of({mounted_at("/inner", "/old/file"), mounted_at("/outer")}, {"/inner", "/outer"}),
            (strings{"/outer", "/inner"}));
  lying.insert({"/inner/file", "/dev/inner"});
  EXPECT_EQ(order_of({mounted_at("/innermost", "/inner/file"), mounted_at("/inner", "/old/file"), mounted_at("/outer")}, {}),
            (strings{"/outer", "/inner", "/innermost"}));
}

TEST_F(freeze_order, ends_though_volumes_seem_to_lie_in_each_other) {
  lying = {{"/b/file", "/dev/b"}, {"/a/file", "/dev/a"}};
  EXPECT_EQ(order_of({mounted_at("/a", "/b/file"), mounted_at("/b", "/a/file")}, {}).size(), 2u);
}

TEST_F(freeze_order, tells_what_cannot_be_found_out) {
  lies_on = [](const std::string&, const std::string&) -> result<bool> { return error(errc::io_read, "gone"); };
  EXPECT_TRUE(in_order_of_mounting({mounted_at("/a", "/file"), mounted_at("/b")}, {}, lies_on).has_error());
}

TEST_F(freeze_order, knows_files_loop_devices_and_what_is_mapped_onto_them) {
  lying = {{"/outer/file", "/dev/outer"}, {"/mapped", "/dev/outer"}};
  const auto outer = mounted_at("/outer");
  volume file;
  file.device = "/outer/file";
  EXPECT_TRUE(lies_in(file, outer, lies_on).value());
  auto mapped = mounted_at("/mapped");
  EXPECT_FALSE(lies_in(mapped, outer, lies_on).value()) << "a disk lies in no file";
  mapped.mapped_name = "vg-mapped";
  EXPECT_TRUE(lies_in(mapped, outer, lies_on).value());
  EXPECT_FALSE(lies_in(outer, outer, lies_on).value());
}

}  // namespace
}  // namespace umbra::shadow
