// SPDX-License-Identifier: GPL-3.0-or-later
// Whole sessions over real volumes bring one back: unmounted, mounted, and by force.
#include <gtest/gtest.h>
#include <sys/statvfs.h>

#include <optional>

#include "engine/base/units.h"
#include "engine/shadow/backup_components.h"
#include "engine/shadow/reflink_provider.h"
#include "tests/contract/provider_contract.h"
#include "tests/support/shadow_disks.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

using namespace umbra::literals;
using shadow::result_code;
using shadow::snapshot_context;

struct session_revert_root : ::testing::Test {
  void SetUp() override {
    if (const auto why = loop_kit_unavailable({"mkfs.xfs", "mkfs.ext4"}); !why.empty()) GTEST_SKIP() << why;
    host.emplace(dir.string(), "host", "xfs", 320_MiB);
  }
  std::unique_ptr<shadow::backup_components> session(snapshot_context context) {
    shadow::reflink_options options;
    options.records = shadow::open_snapshot_records(dir.at("state"));
    options.minimum_free = 1_MiB;
    shadow::environment world;
    world.providers = {shadow::make_reflink_provider(options)};
    world.random = random.get();
    auto s = shadow::create_backup_components(std::move(world));
    EXPECT_TRUE(done(s->initialize_for_backup()));
    EXPECT_TRUE(done(s->set_context(context)));
    return s;
  }
  // A persistent copy of the volume; its session is over.
  shadow::guid copy_of(const std::string& volume) {
    const auto s = session(snapshot_context::nas_rollback);
    EXPECT_TRUE(done(s->start_snapshot_set()));
    const auto id = s->add_to_snapshot_set(volume);
    EXPECT_TRUE(done(id));
    EXPECT_TRUE(done(s->do_snapshot_set().value()->finish()));
    return id.has_value() ? id.value() : shadow::guid{};
  }

  temp_dir dir;
  std::unique_ptr<random_source> random = system_random();
  std::optional<loop_volume> host;
};

TEST_F(session_revert_root, brings_back_a_volume_that_is_unmounted) {
  loop_volume volume(host->point(), "volume", "ext4", 16_MiB);
  write_file(volume.at("file"), "old words");
  const auto copy = copy_of(volume.point());
  write_file(volume.at("file"), "new words");
  const auto s = session(snapshot_context::all);
  EXPECT_TRUE(refused(result_code::e_volume_in_use, s->revert_to_snapshot(copy, false)));
  EXPECT_EQ(read_file(volume.at("file")), "new words");
  volume.unmount();
  EXPECT_TRUE(done(s->revert_to_snapshot(copy, false)));
  volume.mount_again();
  EXPECT_EQ(read_file(volume.at("file")), "old words");
}

TEST_F(session_revert_root, finds_a_part_of_a_disk_image_by_where_it_lies) {
  const range window{1_MiB, 16_MiB};
  make_file(host->at("disk.img"), 32_MiB);
  shadow::guid copy;
  {
    const loop_disk part(host->at("disk.img"), window);
    ASSERT_TRUE(make_file_system("ext4", part.node()));
    const mounted volume(part.node(), "ext4", dir.at("part"));
    write_file(volume.at("file"), "old words");
    copy = copy_of(volume.point());
    write_file(volume.at("file"), "new words");
  }
  const auto s = session(snapshot_context::all);
  {
    // Another loop device, and another folder.
    const loop_disk part(host->at("disk.img"), window);
    const mounted volume(part.node(), "ext4", dir.at("elsewhere"));
    const auto in_use = s->revert_to_snapshot(copy, false);
    ASSERT_TRUE(refused(result_code::e_volume_in_use, in_use));
    EXPECT_NE(in_use.error().text().find("mounted at " + volume.point()), std::string::npos) << in_use.error().text();
  }
  EXPECT_TRUE(done(s->revert_to_snapshot(copy, false)));
  const loop_disk part(host->at("disk.img"), window);
  const mounted volume(part.node(), "ext4", dir.at("part"));
  EXPECT_EQ(read_file(volume.at("file")), "old words");
}

TEST_F(session_revert_root, by_force_unmounts_and_mounts_again_what_only_the_mount_keeps) {
  loop_volume volume(host->point(), "volume", "ext4", 16_MiB);
  write_file(volume.at("file"), "old words");
  const auto copy = copy_of(volume.point());
  write_file(volume.at("file"), "new words");
  volume.leave_node_to_mount();
  shell("mount -o remount,nosuid " + volume.point());
  const auto s = session(snapshot_context::all);
  EXPECT_TRUE(done(s->revert_to_snapshot(copy, true)));
  EXPECT_EQ(read_file(volume.at("file")), "old words");
  struct statvfs now {};
  ASSERT_EQ(::statvfs(volume.point().c_str(), &now), 0);
  EXPECT_NE(now.f_flag & ST_NOSUID, 0u);
}

}  // namespace
}  // namespace umbra::test
