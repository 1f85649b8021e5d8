// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <filesystem>

#include "engine/base/units.h"
#include "engine/shadow/result_code.h"
#include "engine/shadow/volume.h"
#include "engine/shadow/volume_load.h"
#include "tests/support/loop_kit.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

namespace fs = std::filesystem;
using namespace umbra::literals;
using shadow::find_volume;
using shadow::result_code;
using shadow::volume;

io::device_number number_of(const std::string& node) {
  struct stat status {};
  ::stat(node.c_str(), &status);
  return {major(status.st_rdev), minor(status.st_rdev)};
}

struct volume_root : ::testing::Test {
  void SetUp() override {
    if (const auto why = loop_kit_unavailable({"mkfs.ext4", "mkfs.btrfs"}); !why.empty()) GTEST_SKIP() << why;
  }
  static volume found(const std::string& path) {
    auto v = find_volume(path);
    if (v.has_value()) return std::move(v).assume_value();
    ADD_FAILURE() << path << ": " << v.error().message();
    return {};
  }
  static std::optional<errc> refusal(const std::string& path) {
    const auto v = find_volume(path);
    return v.has_error() ? std::optional(v.error().code()) : std::nullopt;
  }
  temp_dir dir;
};

TEST_F(volume_root, a_mounted_loop_device_is_found_by_all_its_names) {
  const loop_volume loop(dir.string(), "volume", "ext4", 32_MiB);
  volume wanted;
  wanted.name = wanted.mount_point = loop.point();
  wanted.device = loop.node();
  wanted.number = number_of(loop.node());
  wanted.size = 32_MiB;
  wanted.file_system = "ext4";
  wanted.read_only = false;
  wanted.backing_file = loop.file();
  wanted.backing_window = {0, 32_MiB};
  EXPECT_EQ(found(loop.point()), wanted);
  EXPECT_EQ(found(loop.point() + "/."), wanted);
  EXPECT_EQ(found(loop.node()), wanted);
  EXPECT_EQ(found(loop.file()), wanted);
  fs::create_symlink(loop.node(), dir / "link");
  EXPECT_EQ(found(dir.at("link")), wanted);
}

TEST_F(volume_root, what_is_not_mounted_cannot_change) {
  loop_volume loop(dir.string(), "volume", "ext4", 32_MiB);
  loop.unmount();
  const auto device = found(loop.node());
  EXPECT_EQ(device.name, loop.node());
  EXPECT_FALSE(device.is_mounted());
  EXPECT_TRUE(device.read_only);
  EXPECT_EQ(device.backing_file, loop.file());
  const auto file = found(loop.file());
  EXPECT_TRUE(file.is_file());
  EXPECT_EQ(file.name, loop.file());
  EXPECT_EQ(file.device, loop.file());
  EXPECT_EQ(file.size, 32_MiB);
  EXPECT_TRUE(file.read_only);
  EXPECT_EQ(file.backing_file, "");
}

TEST_F(volume_root, a_read_only_file_system_is_told_from_a_read_only_mount) {
  loop_volume loop(dir.string(), "volume", "ext4", 32_MiB);
  ASSERT_EQ(::mount(nullptr, loop.point().c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
  EXPECT_FALSE(found(loop.node()).read_only);
  loop.unmount();
  const mounted again(loop.node(), "ext4", loop.point(), "", true);
  EXPECT_TRUE(found(loop.node()).read_only);
  EXPECT_TRUE(found(loop.node()).is_mounted());
}

TEST_F(volume_root, a_disk_file_with_mounted_windows_is_changing_and_its_volumes_are_known) {
  make_file(dir.at("disk.img"), 80_MiB);
  const loop_disk first(dir.at("disk.img"), {1_MiB, 32_MiB});
  const loop_disk second(dir.at("disk.img"), {40_MiB, 0});
  ASSERT_TRUE(make_file_system("ext4", first.node()));
  ASSERT_TRUE(make_file_system("ext4", second.node()));
  const mounted on_first(first.node(), "ext4", dir.at("first"));
  const mounted on_second(second.node(), "ext4", dir.at("second"));
  EXPECT_EQ(found(dir.at("first")).backing_window, (range{1_MiB, 32_MiB}));
  EXPECT_EQ(found(dir.at("second")).backing_window, (range{40_MiB, 40_MiB}));
  const auto disk = found(dir.at("disk.img"));
  EXPECT_TRUE(disk.is_file());
  EXPECT_FALSE(disk.is_mounted());
  EXPECT_FALSE(disk.read_only);

  auto volumes = shadow::volumes_on(dir.at("disk.img"));
  ASSERT_TRUE(volumes.has_value()) << volumes.error().message();
  ASSERT_EQ(volumes.value().size(), 2u);
  for (const auto& placed : volumes.value()) {
    EXPECT_EQ(placed.offset, placed.what.mount_point == dir.at("first") ? 1_MiB : 40_MiB);
  }
}

TEST_F(volume_root, the_volume_of_a_disk_that_is_mounted_as_a_whole_lies_at_its_beginning) {
  const loop_volume loop(dir.string(), "volume", "ext4", 32_MiB);
  for (const auto& disk : {loop.node(), loop.file()}) {
    const auto volumes = shadow::volumes_on(disk);
    ASSERT_TRUE(volumes.has_value()) << volumes.error().message();
    ASSERT_EQ(volumes.value().size(), 1u) << disk;
    EXPECT_EQ(volumes.value()[0].what, found(loop.point()));
    EXPECT_EQ(volumes.value()[0].offset, 0u);
  }
}

TEST_F(volume_root, btrfs_is_found_through_its_source) {
  const loop_volume loop(dir.string(), "volume", "btrfs", 128_MiB);
  const auto v = found(loop.point());
  EXPECT_EQ(v.device, loop.node());
  EXPECT_EQ(v.file_system, "btrfs");
  EXPECT_FALSE(v.is_member);
  EXPECT_EQ(found(loop.node()), v);
  // A subvolume is mounted apart, and is the same volume.
  shell("btrfs subvolume create " + loop.at("sub"));
  const mounted sub(loop.node(), "btrfs", dir.at("sub"), "subvol=sub");
  EXPECT_EQ(found(sub.point()), v);
  const auto volumes = shadow::volumes_on(loop.node());
  ASSERT_TRUE(volumes.has_value());
  ASSERT_EQ(volumes.value().size(), 1u);
  EXPECT_EQ(volumes.value()[0].offset, 0u);
}

TEST_F(volume_root, a_device_of_a_btrfs_on_two_is_a_member_and_lies_nowhere) {
  make_file(dir.at("a.img"), 128_MiB);
  make_file(dir.at("b.img"), 128_MiB);
  const loop_disk a(dir.at("a.img"));
  const loop_disk b(dir.at("b.img"));
  ASSERT_TRUE(make_file_system("btrfs", a.node() + " " + b.node()));
  shell("btrfs device scan " + a.node() + " && btrfs device scan " + b.node());
  {
    const mounted both(b.node(), "btrfs", dir.at("both"));
    for (const auto& node : {a.node(), b.node()}) {
      const auto v = found(node);
      EXPECT_TRUE(v.is_member) << node;
      EXPECT_EQ(v.mount_point, both.point());
      const auto volumes = shadow::volumes_on(node);
      ASSERT_TRUE(volumes.has_value());
      ASSERT_EQ(volumes.value().size(), 1u);
      EXPECT_EQ(volumes.value()[0].offset, std::nullopt);
    }
  }
  shell("btrfs device scan --forget " + a.node() + " && btrfs device scan --forget " + b.node());
}

TEST_F(volume_root, loop_devices_upon_loop_devices_have_a_place) {
  make_file(dir.at("disk.img"), 64_MiB);
  const loop_disk lower(dir.at("disk.img"), {1_MiB, 0});
  const loop_disk upper(lower.node(), {2_MiB, 32_MiB});
  ASSERT_TRUE(make_file_system("ext4", upper.node()));
  const mounted on_upper(upper.node(), "ext4", dir.at("upper"));
  const auto volumes = shadow::volumes_on(dir.at("disk.img"));
  ASSERT_TRUE(volumes.has_value());
  ASSERT_EQ(volumes.value().size(), 1u);
  EXPECT_EQ(volumes.value()[0].offset, 3_MiB);
  EXPECT_EQ(found(upper.node()).backing_file, "");
  EXPECT_FALSE(found(lower.node()).read_only);
}

// Loop devices over the same file: a disk, and its partitions attached beside it rather than upon it.
TEST_F(volume_root, volumes_beside_a_disk_over_the_same_bytes_lie_on_it) {
  make_file(dir.at("disk.img"), 96_MiB);
  const loop_disk disk(dir.at("disk.img"));
  const loop_disk middle(dir.at("disk.img"), {20_MiB, 40_MiB});
  const loop_disk before(dir.at("disk.img"), {1_MiB, 16_MiB});
  const loop_disk inside(dir.at("disk.img"), {24_MiB, 32_MiB});
  ASSERT_TRUE(make_file_system("ext4", before.node()));
  ASSERT_TRUE(make_file_system("ext4", inside.node()));
  const mounted on_before(before.node(), "ext4", dir.at("before"));
  const mounted on_inside(inside.node(), "ext4", dir.at("inside"));
  const auto places = [](const std::string& node) {
    std::map<std::string, std::optional<std::uint64_t>> by_device;
    const auto volumes = shadow::volumes_on(node);
    EXPECT_TRUE(volumes.has_value());
    if (volumes.has_error()) return by_device;
    for (const auto& v : volumes.value()) by_device[v.what.device] = v.offset;
    return by_device;
  };
  using expected = std::map<std::string, std::optional<std::uint64_t>>;
  EXPECT_EQ(places(disk.node()), (expected{{before.node(), 1_MiB}, {inside.node(), 24_MiB}}));
  EXPECT_EQ(places(middle.node()), (expected{{inside.node(), 4_MiB}}));
  // Only some of it lies there.
  const loop_disk part(dir.at("disk.img"), {30_MiB, 8_MiB});
  EXPECT_EQ(places(part.node()), (expected{{inside.node(), std::nullopt}}));
}

TEST_F(volume_root, a_file_that_was_removed_backs_nothing) {
  const loop_volume loop(dir.string(), "volume", "ext4", 32_MiB);
  fs::remove(loop.file());
  EXPECT_EQ(found(loop.point()).backing_file, "");
  make_file(loop.file(), 1_MiB);  // another one of that name
  EXPECT_EQ(found(loop.point()).backing_file, "");
}

TEST_F(volume_root, the_first_reachable_mount_point_counts) {
  const loop_volume loop(dir.string(), "volume", "ext4", 32_MiB);
  const mounted again(loop.node(), "ext4", dir.at("again"));
  EXPECT_EQ(found(again.point()).mount_point, loop.point());
  {
    const mounted over("none", "tmpfs", loop.point(), "size=64k");
    EXPECT_EQ(found(loop.node()).mount_point, again.point());
    EXPECT_EQ(refusal(loop.point()), errc::unsupported);  // it is the tmpfs now
  }
}

TEST_F(volume_root, a_volume_that_nobody_can_reach_is_refused) {
  const loop_volume loop(dir.string(), "volume", "ext4", 32_MiB);
  const mounted over("none", "tmpfs", loop.point(), "size=64k");
  EXPECT_EQ(refusal(loop.node()), errc::unsupported);
}

TEST_F(volume_root, a_device_that_somebody_holds_unseen_may_change) {
  loop_volume loop(dir.string(), "volume", "ext4", 32_MiB);
  ASSERT_TRUE(found(loop.node()).is_mounted());
  // Out of this namespace's sight, and still mounted: by the descriptor.
  const unique_fd inside(::open(loop.point().c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::umount2(loop.point().c_str(), MNT_DETACH), 0);
  const auto v = found(loop.node());
  EXPECT_FALSE(v.is_mounted());
  EXPECT_FALSE(v.read_only);
}

TEST_F(volume_root, anything_else_is_refused) {
  const loop_volume loop(dir.string(), "volume", "ext4", 32_MiB);
  fs::create_directory(loop.at("folder"));
  EXPECT_EQ(refusal(loop.at("folder")), errc::usage);
  EXPECT_EQ(refusal(dir.string()), errc::usage);
  EXPECT_EQ(refusal("/dev/null"), errc::usage);
  EXPECT_EQ(refusal(""), errc::usage);
  EXPECT_EQ(refusal(dir.at("missing")), errc::not_found);
  EXPECT_EQ(refusal("/proc"), errc::unsupported);
  const auto volumes = shadow::volumes_on(dir.string());
  ASSERT_TRUE(volumes.has_error());
  EXPECT_EQ(volumes.error().code(), errc::usage);
}

TEST_F(volume_root, the_kernel_tells_what_is_written_to_it_and_how_much_is_used) {
  const loop_volume loop(dir.string(), "volume", "ext4", 64_MiB);
  shell("dd if=/dev/urandom bs=1M count=8 conv=fsync of=" + loop.at("file"));
  const auto load = shadow::measure_load(found(loop.point()), std::chrono::milliseconds(0));
  EXPECT_EQ(load.size, 64_MiB);
  EXPECT_GT(load.used, 8_MiB);
  EXPECT_LT(load.used, 60_MiB);
  EXPECT_GT(load.writes, 0);
  EXPECT_EQ(shadow::measure_load(found(loop.file()), std::chrono::milliseconds(0)).size, 64_MiB);
}

}  // namespace
}  // namespace umbra::test
