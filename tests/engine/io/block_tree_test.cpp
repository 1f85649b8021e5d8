// SPDX-License-Identifier: GPL-3.0-or-later
// A made-up /sys: sda with two partitions, a RAID md0 on sda2, and a logical volume dm-0 on that; sdb with nothing on it.
#include "engine/io/block_tree_linux.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

namespace fs = std::filesystem;
using io::device_number;
using io::device_set;

constexpr device_number sda{8, 0}, sda1{8, 1}, sda2{8, 2}, sdb{8, 16}, md0{9, 0}, dm0{253, 0};

struct block_tree : ::testing::Test {
  temp_dir sys;
  io::block_tree tree{sys.string()};

  void put(const std::string& path, const std::string& text) {
    fs::create_directories((sys / path).parent_path());
    std::ofstream(sys / path) << text << '\n';
  }

  void add(device_number number, const std::string& folder) {
    const auto text = std::to_string(number.major) + ":" + std::to_string(number.minor);
    put("devices/" + folder + "/dev", text);
    put("devices/" + folder + "/uevent", "MAJOR=x\nDEVNAME=" + fs::path(folder).filename().string() + "\nDEVTYPE=y");
    fs::create_directories(sys / "dev/block");
    fs::create_directory_symlink(sys / "devices" / folder, sys / "dev/block" / text);
  }

  // As the kernel links them: both ways.
  void stack(const std::string& upper, const std::string& lower) {
    for (const auto& [from, kind, to] : {std::tuple{lower, "holders", upper}, std::tuple{upper, "slaves", lower}}) {
      const auto folder = sys / "devices" / from / kind;
      fs::create_directories(folder);
      fs::create_directory_symlink(sys / "devices" / to, folder / fs::path(to).filename());
    }
  }

  void SetUp() override {
    add(sda, "sda");
    add(sda1, "sda/sda1");
    add(sda2, "sda/sda2");
    put("devices/sda/sda1/partition", "1");
    put("devices/sda/sda2/partition", "2");
    put("devices/sda/device/wwid", "  naa.5000c500a1b2c3d4  ");
    put("devices/sda/queue/dev", "1:1");  // a folder that is no partition
    add(sdb, "sdb");
    add(md0, "virtual/md0");
    add(dm0, "virtual/dm-0");
    stack("virtual/md0", "sda/sda2");
    stack("virtual/dm-0", "virtual/md0");
  }
};

TEST_F(block_tree, finds_all_that_lies_on_a_disk) {
  EXPECT_EQ(tree.with_all_above({sda}), (device_set{sda, sda1, sda2, md0, dm0}));
  EXPECT_EQ(tree.with_all_above({sda1}), (device_set{sda1}));
  EXPECT_EQ(tree.with_all_above({sda2}), (device_set{sda2, md0, dm0}));
  EXPECT_EQ(tree.with_all_above({sdb}), (device_set{sdb}));
}

TEST_F(block_tree, finds_all_that_a_volume_lies_on) {
  EXPECT_EQ(tree.with_all_below({dm0}), (device_set{dm0, md0, sda2, sda}));
  EXPECT_EQ(tree.with_all_below({sda1}), (device_set{sda1, sda}));
  EXPECT_EQ(tree.with_all_below({sdb}), (device_set{sdb}));
}

TEST_F(block_tree, knows_where_on_a_disk_things_begin) {
  put("devices/sda/sda1/start", "2048");
  put("devices/sda/sda2/start", "4096");
  using places = io::device_places;
  EXPECT_EQ(tree.places_above({{sda, 512}}),
            (places{{sda, 512}, {sda1, 512 + (1 << 20)}, {sda2, 512 + (2 << 20)}, {md0, std::nullopt}, {dm0, std::nullopt}}));
  EXPECT_EQ(tree.places_above({{sda, std::nullopt}}).at(sda1), std::nullopt);
  EXPECT_EQ(tree.places_above({{sda, 0}, {sda1, 77}}).at(sda1), std::nullopt);  // it cannot lie in two places
  put("devices/sda/sda1/start", "99999999999999999999");
  EXPECT_EQ(tree.places_above({{sda, 0}}).at(sda1), std::nullopt);
}

TEST_F(block_tree, tells_sizes_and_what_was_changed) {
  put("devices/sda/size", "4096");
  put("devices/sda/sda1/stat", "1 2 3 4 5 6 700 8 9 10 11 12 13 14 15 16 17");
  put("devices/sdb/stat", "1 2 3 4 5 6 700 8 9 10 11");
  EXPECT_EQ(tree.size_of(sda), 2u << 20);
  EXPECT_EQ(tree.size_of(sdb), 0u);
  EXPECT_EQ(tree.sectors_changed(sda1), 714u);
  EXPECT_EQ(tree.sectors_changed(sdb), 700u);
  EXPECT_EQ(tree.sectors_changed(md0), std::nullopt);
  put("devices/sda/queue/iostats", "0");
  EXPECT_EQ(tree.sectors_changed(sda1), std::nullopt);
}

TEST_F(block_tree, knows_the_names_of_device_mapper_and_lvm) {
  put("devices/virtual/dm-0/dm/name", "vg--one-root--fs");
  EXPECT_EQ(tree.mapped_name(dm0), "vg--one-root--fs");
  EXPECT_EQ(tree.logical_volume(dm0), "");
  const std::string ids(64, 'a');
  put("devices/virtual/dm-0/dm/uuid", "CRYPT-LUKS2-" + ids);
  EXPECT_EQ(tree.logical_volume(dm0), "");
  put("devices/virtual/dm-0/dm/uuid", "LVM-" + ids);
  EXPECT_EQ(tree.logical_volume(dm0), "vg-one/root-fs");
  put("devices/virtual/dm-0/dm/uuid", "LVM-" + ids + "-cow");
  EXPECT_EQ(tree.logical_volume(dm0), "");
  EXPECT_EQ(tree.mapped_name(sda), "");
}

TEST_F(block_tree, does_not_run_in_circles) {
  stack("sda/sda2", "virtual/dm-0");
  EXPECT_EQ(tree.with_all_above({dm0}), (device_set{sda2, md0, dm0}));
  EXPECT_EQ(tree.with_all_below({md0}), (device_set{md0, sda2, sda, dm0}));
}

TEST_F(block_tree, bears_devices_that_sys_does_not_know) {
  const device_number ghost{77, 7};
  EXPECT_EQ(tree.with_all_above({ghost}), (device_set{ghost}));
  EXPECT_EQ(tree.with_all_below({ghost}), (device_set{ghost}));
  EXPECT_EQ(tree.node_name(ghost), "77:7");
  EXPECT_EQ(tree.partition_number(ghost), "");
}

TEST_F(block_tree, names_nodes_and_their_disks_attributes) {
  EXPECT_EQ(tree.node_name(sda1), "/dev/sda1");
  EXPECT_EQ(tree.partition_number(sda2), "2");
  EXPECT_EQ(tree.partition_number(sda), "");
  EXPECT_EQ(tree.disk_attribute(sda, "device/wwid"), "naa.5000c500a1b2c3d4");
  EXPECT_EQ(tree.disk_attribute(sda1, "device/wwid"), "naa.5000c500a1b2c3d4");
  EXPECT_EQ(tree.disk_attribute(sdb, "device/wwid"), "");
}

TEST_F(block_tree, follows_loop_devices_to_the_file_below) {
  const device_number loop0{7, 0};
  add(loop0, "virtual/loop0");
  put("file.img", "x");
  put("devices/virtual/loop0/loop/backing_file", sys.at("file.img"));
  fs::create_directories(sys / "block");
  fs::create_directory_symlink(sys / "devices/virtual/loop0", sys / "block/loop0");
  EXPECT_EQ(tree.loops_over(sys.at("file.img")), (device_set{loop0}));
  fs::create_hard_link(sys / "file.img", sys / "other-name.img");
  EXPECT_EQ(tree.loops_over(sys.at("other-name.img")), (device_set{loop0}));
  put("copy.img", "x");
  EXPECT_EQ(tree.loops_over(sys.at("copy.img")), device_set{});
  EXPECT_EQ(tree.with_all_below({loop0}).size(), 2u);  // itself and the device that holds the file
}

TEST_F(block_tree, knows_where_in_a_file_a_loop_device_lies) {
  const device_number loop{7, 100}, part{259, 100};
  add(loop, "virtual/no-such-loop");
  add(part, "virtual/no-such-loop/no-such-part");
  put("file.img", "x");
  put("devices/virtual/no-such-loop/loop/backing_file", sys.at("file.img"));
  put("devices/virtual/no-such-loop/loop/offset", "1048576");
  put("devices/virtual/no-such-loop/no-such-part/partition", "1");
  put("devices/virtual/no-such-loop/no-such-part/start", "8");
  EXPECT_EQ(tree.place_in_file(loop), (io::file_place{sys.at("file.img"), 1 << 20}));
  EXPECT_EQ(tree.place_in_file(part), (io::file_place{sys.at("file.img"), (1 << 20) + 4096}));
  EXPECT_EQ(tree.place_in_file(sda1), std::nullopt);
  fs::remove(sys / "file.img");
  EXPECT_EQ(tree.place_in_file(loop), std::nullopt);
}

TEST_F(block_tree, knows_loop_devices_over_the_same_bytes) {
  put("file.img", "x");
  fs::create_directories(sys / "block");
  // The whole file, two partitions of it that touch, and one behind them up to the end.
  const std::pair<const char*, const char*> windows[] = {{"0", "0"}, {"1024", "4096"}, {"5120", "4096"}, {"9216", "0"}};
  device_set all;
  for (unsigned n = 0; n < std::size(windows); ++n) {
    const auto folder = "virtual/loop30" + std::to_string(n);
    add({7, 300 + n}, folder);
    put("devices/" + folder + "/loop/backing_file", sys.at("file.img"));
    put("devices/" + folder + "/loop/offset", windows[n].first);
    put("devices/" + folder + "/loop/sizelimit", windows[n].second);
    fs::create_directory_symlink(sys / "devices" / folder, sys / "block" / ("loop30" + std::to_string(n)));
    all.insert({7, 300 + n});
  }
  EXPECT_EQ(tree.with_overlapping_loops({7, 300}), all);
  for (unsigned n = 1; n < std::size(windows); ++n) {
    EXPECT_EQ(tree.with_overlapping_loops({7, 300 + n}), (device_set{{7, 300}, {7, 300 + n}}));
  }
  EXPECT_EQ(tree.with_overlapping_loops(sda), (device_set{sda}));
}

TEST_F(block_tree, knows_all_members_of_a_btrfs) {
  for (const auto* member : {"sda1", "sdb"}) {
    fs::create_directories(sys / "fs/btrfs/0000-1111/devices");
    const auto folder = std::string(member) == "sdb" ? "sdb" : "sda/sda1";
    fs::create_directory_symlink(sys / "devices" / folder, sys / "fs/btrfs/0000-1111/devices" / member);
  }
  EXPECT_EQ(tree.btrfs_members(sdb), (device_set{sda1, sdb}));
  EXPECT_EQ(tree.btrfs_members(sda2), (device_set{sda2}));
}

}  // namespace
}  // namespace umbra::test
