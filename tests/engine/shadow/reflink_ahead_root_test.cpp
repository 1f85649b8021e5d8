// SPDX-License-Identifier: GPL-3.0-or-later
// On XFS most of a copy is shared before the instant. That must show nowhere but in the time it takes.
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/base/units.h"
#include "engine/shadow/reflink_provider.h"
#include "tests/contract/provider_contract.h"
#include "tests/support/shadow_disks.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

using namespace umbra::literals;
using shadow::result_code;
using attributes = shadow::volume_snapshot_attributes;
constexpr auto kept = attributes::persistent | attributes::no_auto_release;
enum step : std::size_t { end_prepare, pre_commit, commit, post_commit };

struct reflink_ahead_root : ::testing::Test {
  void SetUp() override {
    if (const auto why = loop_kit_unavailable({"mkfs.xfs", "mkfs.btrfs"}); !why.empty()) GTEST_SKIP() << why;
    shadow::reflink_options options;
    options.records = shadow::open_snapshot_records(dir.at("state"));
    options.minimum_free = 1_MiB;
    provider = shadow::make_reflink_provider(options);
  }
  void begin(const std::string& file) {
    volume = file;
    ASSERT_TRUE(done(provider->begin_prepare_snapshot(set, set, shadow::find_volume(file).value(), kept)));
  }
  void take(step s) { ASSERT_TRUE(done(take_step(*provider, s, set))); }
  // Bytes on disk of the file that becomes the copy.
  std::uint64_t shared() const {
    const auto folder = std::filesystem::path(volume).parent_path();
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const auto name = entry.path().string();
      if (name.find("/umbra-shadow-") != std::string::npos) return std::stoull(shell("stat -c %b " + name)) * 512;
    }
    return 0;
  }
  void write(std::uint64_t at, std::uint64_t mib) const {
    shell("dd if=/dev/urandom bs=1M conv=notrunc of=" + volume + " seek=" + std::to_string(at) + " count=" + std::to_string(mib));
  }
  void finish() {
    for (std::size_t s = post_commit; s < provider_steps.size(); ++s) ASSERT_TRUE(done(take_step(*provider, s, set)));
  }

  temp_dir dir;
  std::string volume;
  const shadow::guid set{{std::byte{1}}};
  std::shared_ptr<shadow::provider> provider;
};

TEST_F(reflink_ahead_root, the_copy_is_what_the_file_is_at_the_instant_whatever_it_was_before) {
  for (const std::string type : {"xfs", "btrfs"}) {
    const loop_volume host(dir.string(), type, type, 320_MiB);
    make_file(host.at("disk.img"), 100_MiB);
    volume = host.at("disk.img");
    write(0, 40);
    write(70, 5);
    begin(volume);
    EXPECT_EQ(shared(), 0u) << type;
    take(end_prepare);
    EXPECT_EQ(shared(), type == "xfs" ? 45_MiB : 0u) << type;
    write(5, 1);
    write(50, 3);                                  // where nothing was
    shell("fallocate -p -o 20M -l 2M " + volume);  // and nothing, where something was
    shell("fallocate -p -o 70M -l 5M " + volume);
    take(pre_commit);
    write(6, 1);
    write(31, 2);  // over the end of a step
    write(71, 1);
    shell("fallocate -p -o 52M -l 1M " + volume);
    shell("truncate -s 101M " + volume);
    const auto wanted = bytes_at(volume);
    take(commit);
    write(0, 100);
    finish();
    const auto device = provider->open_snapshot(set);
    ASSERT_TRUE(done(device));
    const auto got = bytes_of_device(*device.value());
    ASSERT_EQ(got.size(), 100_MiB);
    EXPECT_TRUE(std::equal(got.begin(), got.end(), wanted.begin())) << type;
    EXPECT_TRUE(done(provider->delete_snapshot(set)));
    EXPECT_EQ(left_behind(host.point(), dir.at("state"), {volume}), "");
  }
}

TEST_F(reflink_ahead_root, a_file_that_became_shorter_since_is_no_copy) {
  const loop_volume host(dir.string(), "host", "xfs", 320_MiB);
  fill_file(host.at("disk.img"), 40_MiB, 1);
  begin(host.at("disk.img"));
  take(end_prepare);
  take(pre_commit);
  shell("truncate -s 30M " + volume);
  take(commit);
  EXPECT_TRUE(refused(result_code::e_missing_volume, take_step(*provider, post_commit, set)));
  EXPECT_TRUE(done(provider->abort_snapshots(set)));
  EXPECT_EQ(left_behind(host.point(), dir.at("state"), {volume}), "");
}

}  // namespace
}  // namespace umbra::test
