// SPDX-License-Identifier: GPL-3.0-or-later
// Persistent copies: shown to people, and volumes brought back to them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "engine/base/units.h"
#include "engine/shadow/provider_ids.h"
#include "engine/shadow/reflink_provider.h"
#include "tests/contract/provider_contract.h"
#include "tests/support/shadow_disks.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

using namespace umbra::literals;
using shadow::result_code;
using attributes = shadow::volume_snapshot_attributes;
constexpr auto kept = attributes::persistent | attributes::no_auto_release;

struct reflink_revert_root : ::testing::Test {
  void SetUp() override {
    if (const auto why = loop_kit_unavailable({"mkfs.xfs", "mkfs.ext4"}); !why.empty()) GTEST_SKIP() << why;
    host.emplace(dir.string(), "host", "xfs", 320_MiB);
    restart();
  }
  void restart() {
    provider.reset();
    shadow::reflink_options options;
    options.records = records;
    options.minimum_free = 1_MiB;
    provider = shadow::make_reflink_provider(options);
  }
  // What the records say of a copy.
  shadow::snapshot_record record_of(const shadow::guid& copy) {
    const auto made = records->made(shadow::reflink_provider_id).value();
    const auto found = std::ranges::find_if(made, [&](const auto& r) { return r.prop.snapshot_id == copy; });
    EXPECT_NE(found, made.end());
    return found == made.end() ? shadow::snapshot_record() : *found;
  }

  temp_dir dir;
  std::shared_ptr<shadow::snapshot_records> records = shadow::open_snapshot_records(dir.at("state"));
  std::optional<loop_volume> host;
  std::shared_ptr<shadow::provider> provider;
};

TEST_F(reflink_revert_root, an_exposed_copy_is_seen_by_later_sessions_and_kept) {
  const loop_volume volume(host->point(), "volume", "ext4", 16_MiB);
  write_file(volume.at("file"), "words");
  const auto copy = set_maker::make_one(*provider, volume.point(), kept);
  const auto node = provider->node_of(copy);
  ASSERT_TRUE(done(node));
  {
    const mounted seen(node.value(), "ext4", dir.at("seen"), "", true);
    restart();  // the mount keeps the node
    const auto found = provider->query();
    ASSERT_TRUE(done(found));
    ASSERT_EQ(found.value().size(), 1u);
    EXPECT_EQ(found.value()[0].exposed_name, seen.point());
    EXPECT_TRUE(has(found.value()[0].attributes, attributes::exposed_locally));
    EXPECT_EQ(read_file(seen.at("file")), "words");
    const auto same = provider->node_of(copy);
    ASSERT_TRUE(done(same));
    EXPECT_EQ(same.value(), node.value());
    EXPECT_TRUE(refused(result_code::e_volume_in_use, provider->release_node(copy)));
    EXPECT_TRUE(refused(result_code::e_volume_in_use, provider->delete_snapshot(copy)));
    EXPECT_EQ(read_file(seen.at("file")), "words");
  }
  EXPECT_EQ(provider->query().value().at(0).exposed_name, "");
  EXPECT_TRUE(done(provider->release_node(copy)));
  EXPECT_TRUE(done(provider->delete_snapshot(copy)));
  EXPECT_EQ(left_behind(host->point(), dir.at("state"), {volume.file(), volume.point()}), "");
}

TEST_F(reflink_revert_root, a_volume_comes_back_as_it_was) {
  loop_volume volume(host->point(), "volume", "ext4", 16_MiB);
  write_file(volume.at("file"), "old words");
  const auto copy = set_maker::make_one(*provider, volume.point(), kept);
  write_file(volume.at("file"), "new words");
  write_file(volume.at("other"), "more");
  volume.unmount();  // its loop device stays, and must forget what it knew
  restart();
  EXPECT_TRUE(done(provider->revert_to_snapshot(copy)));
  EXPECT_FALSE(provider->query_revert_status(shadow::find_volume(volume.node()).value()).value());
  volume.mount_again();
  EXPECT_EQ(read_file(volume.at("file")), "old words");
  EXPECT_FALSE(std::filesystem::exists(volume.at("other")));
  EXPECT_TRUE(done(provider->check_snapshot(copy)));  // and can come back once more
}

TEST_F(reflink_revert_root, a_window_comes_back_and_its_neighbours_stay) {
  // One begins where the host's blocks do, the other does not.
  for (const std::uint64_t offset : {1_MiB, 1_MiB + 512}) {
    fill_file(host->at("disk.img"), 8_MiB, 1);
    const auto before = bytes_at(host->at("disk.img"));
    shadow::guid copy;
    {
      const loop_disk disk(host->at("disk.img"), {offset, 2_MiB});
      copy = set_maker::make_one(*provider, disk.node(), kept);
    }
    fill_file(host->at("disk.img"), 8_MiB, 2);
    const auto after = bytes_at(host->at("disk.img"));
    ASSERT_TRUE(done(provider->revert_to_snapshot(copy)));
    auto wanted = after;
    const auto at = static_cast<std::ptrdiff_t>(offset);
    std::copy_n(before.begin() + at, 2_MiB, wanted.begin() + at);
    EXPECT_TRUE(bytes_at(host->at("disk.img")) == wanted) << offset;
    EXPECT_TRUE(done(provider->delete_snapshot(copy)));
  }
}

TEST_F(reflink_revert_root, what_is_in_use_is_refused_and_not_done_later) {
  loop_volume volume(host->point(), "volume", "ext4", 16_MiB);
  write_file(volume.at("file"), "old words");
  const auto copy = set_maker::make_one(*provider, volume.point(), kept);
  write_file(volume.at("file"), "new words");
  EXPECT_TRUE(refused(result_code::e_volume_in_use, provider->revert_to_snapshot(copy)));
  volume.unmount();
  {
    const unique_fd claim(::open(volume.node().c_str(), O_RDONLY | O_EXCL | O_CLOEXEC));
    ASSERT_TRUE(claim.is_open());
    EXPECT_TRUE(refused(result_code::e_volume_in_use, provider->revert_to_snapshot(copy)));
  }
  {
    const unique_fd machine(::open(volume.file().c_str(), O_RDWR | O_CLOEXEC));
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    ASSERT_EQ(::fcntl(machine.get(), F_OFD_SETLK, &lock), 0);
    EXPECT_TRUE(refused(result_code::e_volume_in_use, provider->revert_to_snapshot(copy)));
  }
  restart();
  EXPECT_TRUE(done(provider->query()));
  volume.mount_again();
  EXPECT_EQ(read_file(volume.at("file")), "new words");
}

TEST_F(reflink_revert_root, a_revert_that_was_cut_short_goes_on) {
  loop_volume volume(host->point(), "volume", "ext4", 16_MiB);
  write_file(volume.at("file"), "old words");
  const auto copy = set_maker::make_one(*provider, volume.point(), kept);
  write_file(volume.at("file"), "new words");
  records->begin_revert(record_of(copy)).value().reset();  // and then its process died
  restart();
  // Not while it is mounted.
  EXPECT_TRUE(provider->query_revert_status(shadow::find_volume(volume.point()).value()).value());
  EXPECT_EQ(read_file(volume.at("file")), "new words");
  volume.unmount();
  EXPECT_FALSE(provider->query_revert_status(shadow::find_volume(volume.node()).value()).value());
  volume.mount_again();
  EXPECT_EQ(read_file(volume.at("file")), "old words");
}

TEST_F(reflink_revert_root, a_file_that_became_shorter_is_refused) {
  fill_file(host->at("disk.img"), 4_MiB, 1);
  const auto copy = set_maker::make_one(*provider, host->at("disk.img"), kept);
  std::filesystem::resize_file(host->at("disk.img"), 1_MiB);
  const auto refusal = provider->revert_to_snapshot(copy);
  ASSERT_TRUE(refusal.has_error());
  EXPECT_EQ(refusal.error().code(), errc::geometry_mismatch);
}

}  // namespace
}  // namespace umbra::test
