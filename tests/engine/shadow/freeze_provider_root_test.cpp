// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/freeze_provider.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "engine/base/units.h"
#include "engine/shadow/provider_ids.h"
#include "tests/contract/provider_contract.h"
#include "tests/support/shadow_disks.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

using namespace umbra::literals;
using namespace std::chrono_literals;
using shadow::result_code;
using attributes = shadow::volume_snapshot_attributes;

// Quiet file systems, written out: what is on the disk does not change by itself.
struct freeze_subject {
  static std::string unavailable() { return loop_kit_unavailable({"mkfs.ext2"}); }
  static constexpr bool persists = false;
  static constexpr bool has_nodes = true;

  freeze_subject() {
    for (const auto* volume : {&a, &b}) {
      fill_file(volume->at("file"), 300'000, 1);
      shell("sync -f " + volume->point());
    }
  }
  shadow::provider& get() { return *provider; }
  void restart() {
    provider.reset();
    provider = shadow::make_freeze_provider({});
  }
  std::vector<shadow::volume> volumes() const {
    return {shadow::find_volume(a.point()).value(), shadow::find_volume(b.point()).value()};
  }
  std::string traces() const {
    std::string left;
    settles([&] { return (left = memory_loops()).empty(); });
    return left;
  }
  static std::string memory_loops() {
    std::string left;
    for (const auto& entry : std::filesystem::directory_iterator("/sys/block")) {
      const auto backing = read_file((entry.path() / "loop/backing_file").string());
      if (backing.starts_with("/memfd:umbra-shadow")) left += backing;
    }
    return left;
  }

  temp_dir dir;
  loop_volume a{dir.string(), "a", "ext2", 2_MiB};
  loop_volume b{dir.string(), "b", "ext2", 2_MiB};
  std::shared_ptr<shadow::provider> provider = shadow::make_freeze_provider({});
};

INSTANTIATE_TYPED_TEST_SUITE_P(freeze, provider_contract, freeze_subject);

struct freeze_provider_root : ::testing::Test {
  void SetUp() override {
    const auto why = loop_kit_unavailable({"mkfs.ext4", "mkfs.xfs", "mkfs.btrfs", "e2fsck"});
    if (!why.empty()) GTEST_SKIP() << why;
  }
  static int exit_code_of(const std::string& command) {
    return WEXITSTATUS(std::system(("PATH=$PATH:/usr/sbin:/sbin; " + command + " >/dev/null 2>&1").c_str()));
  }
  // Freezing and thawing write to the superblock.
  static std::vector<std::byte> behind_the_superblock(const std::vector<std::byte>& bytes) {
    return {bytes.begin() + 4_KiB, bytes.end()};
  }
  result<void> supported(const std::string& volume) {
    return provider().is_volume_supported(shadow::find_volume(volume).value(), {});
  }
  shadow::provider& provider() {
    if (!provider_) provider_ = shadow::make_freeze_provider(options);
    return *provider_;
  }

  temp_dir dir;
  shadow::freeze_options options;

 private:
  std::shared_ptr<shadow::provider> provider_;
};

TEST_F(freeze_provider_root, says_what_it_is) {
  EXPECT_EQ(provider().properties().provider_id, shadow::freeze_provider_id);
  EXPECT_EQ(provider().properties().provider_name, "freeze");
  EXPECT_EQ(provider().properties().type, shadow::provider_type::system);
}

struct freeze_kinds : freeze_provider_root, ::testing::WithParamInterface<std::pair<const char*, std::uint64_t>> {};

TEST_P(freeze_kinds, a_volume_on_any_device_is_copied_while_it_is_written_to) {
  const auto [type, size] = GetParam();
  const loop_volume volume(dir.string(), "volume", type, size);
  const pid_t writer = ::fork();
  if (writer == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (std::uint64_t n = 0;; ++n) write_file(volume.at("file" + std::to_string(n % 100)), std::string(5000, 'x'));
  }
  set_maker set(provider());
  const auto copy = set.add(volume.point());
  const auto made = copy.has_value() ? set.make() : result<void>(copy.error());
  ::kill(writer, SIGKILL);
  ::waitpid(writer, nullptr, 0);
  ASSERT_TRUE(done(made));
  std::printf("read a %s of %llu MiB in a hold of %lld us\n", type, static_cast<unsigned long long>(size >> 20),
              static_cast<long long>(set.held().count()));
  const auto node = provider().node_of(copy.value());
  ASSERT_TRUE(done(node));
  const std::string kind = type;
  const auto check = kind == "ext4" ? "e2fsck -fn " : kind == "xfs" ? "xfs_repair -n " : "btrfs check --force ";
  EXPECT_EQ(exit_code_of(check + node.value()), 0);
  EXPECT_TRUE(done(provider().check_snapshot(copy.value())));
}

INSTANTIATE_TEST_SUITE_P(all, freeze_kinds,
                         ::testing::Values(std::pair{"ext4", 32_MiB}, std::pair{"xfs", 320_MiB}, std::pair{"btrfs", 128_MiB}),
                         [](const auto& kind) { return std::string(kind.param.first); });

TEST_F(freeze_provider_root, copies_only_what_is_in_use) {
  const loop_volume volume(dir.string(), "volume", "ext2", 8_MiB);
  shell("sync -f " + volume.point());
  int asked = 0;
  options.understood = {"xfs", "ext2"};
  options.used_ranges = [&](io::device& device) -> result<range_list> {
    EXPECT_EQ(device.geometry().size, 8_MiB);
    ++asked;
    // Out of order, and more than there is, as a damaged file system may claim.
    return range_list{{7_MiB, ~0ull}, {512, 3_MiB + 512}, {9_MiB, 1}};
  };
  const auto copy = set_maker::make_one(provider(), volume.point(), attributes::no_autorecovery);
  EXPECT_EQ(asked, 1);  // while it holds still: before, nobody could tell
  const auto device = provider().open_snapshot(copy);
  ASSERT_TRUE(done(device));
  auto wanted = bytes_at(volume.node());
  std::fill(wanted.begin() + 3_MiB + 64_KiB, wanted.begin() + 7_MiB, std::byte{0});  // it reads a little more
  EXPECT_TRUE(behind_the_superblock(bytes_of_device(*device.value())) == behind_the_superblock(wanted));
  const auto areas = provider().query_diff_areas();
  ASSERT_TRUE(done(areas));
  ASSERT_EQ(areas.value().size(), 1u);
  EXPECT_EQ(areas.value()[0].volume_name, volume.point());
  EXPECT_EQ(areas.value()[0].used_space, 4_MiB + 64_KiB);
}

TEST_F(freeze_provider_root, what_is_not_understood_is_copied_whole) {
  const loop_volume volume(dir.string(), "volume", "ext2", 2_MiB);
  shell("sync -f " + volume.point());
  bool asked = false;
  options.used_ranges = [&](io::device&) -> result<range_list> {
    asked = true;
    return error(errc::unsupported, "no idea");
  };
  for (const std::string type : {"ext2", "xfs"}) {
    options.understood = {type};
    const auto p = shadow::make_freeze_provider(options);
    const auto copy = set_maker::make_one(*p, volume.point(), attributes::no_autorecovery);
    EXPECT_EQ(std::exchange(asked, false), type == "ext2");
    const auto device = p->open_snapshot(copy);
    ASSERT_TRUE(done(device));
    EXPECT_TRUE(behind_the_superblock(bytes_of_device(*device.value())) == behind_the_superblock(bytes_at(volume.node())));
  }
}

TEST_F(freeze_provider_root, refuses_more_than_its_limit_and_says_the_way_out) {
  options.limit = 1_MiB;
  const loop_volume volume(dir.string(), "volume", "ext4", 32_MiB);
  const auto refusal = supported(volume.point());
  ASSERT_TRUE(refused(result_code::e_volume_not_supported_by_provider, refusal));
  EXPECT_NE(refusal.error().text().find("at most 1 MiB"), std::string::npos) << refusal.error().text();
  EXPECT_NE(refusal.error().text().find("let the volume lie on LVM"), std::string::npos) << refusal.error().text();
}

TEST_F(freeze_provider_root, refuses_what_grew_beyond_its_limit_until_the_instant) {
  options.limit = 4_MiB;
  int asked = 0;
  options.understood = {"xfs", "ext2"};
  options.used_ranges = [&](io::device&) -> result<range_list> {
    EXPECT_EQ(++asked, 1);
    return range_list{{0, 5_MiB}};
  };
  const loop_volume volume(dir.string(), "volume", "ext2", 8_MiB);
  set_maker set(provider());
  ASSERT_TRUE(done(set.add(volume.point())));
  EXPECT_TRUE(refused(result_code::e_volume_not_supported_by_provider, set.make()));
  EXPECT_FALSE(was_frozen(volume.point()));
}

TEST_F(freeze_provider_root, refuses_what_cannot_hold_still_or_need_not) {
  loop_volume volume(dir.string(), "volume", "ext4", 32_MiB);
  auto v = shadow::find_volume(volume.point()).value();
  v.file_system = "vfat";
  const auto vfat = provider().is_volume_supported(v, {});
  ASSERT_TRUE(refused(result_code::e_volume_not_supported_by_provider, vfat));
  EXPECT_NE(vfat.error().text().find("unmount it, or mount it read-only"), std::string::npos) << vfat.error().text();
  v.file_system = "btrfs";
  v.is_member = true;
  EXPECT_TRUE(refused(result_code::e_volume_not_supported_by_provider, provider().is_volume_supported(v, {})));
  volume.unmount();
  EXPECT_TRUE(refused(result_code::e_volume_not_supported_by_provider, supported(volume.node())));
}

// Clocks that only the tests move.
TEST_F(freeze_provider_root, refuses_a_device_that_is_too_slow) {
  std::atomic<std::int64_t> seconds = 0;
  options.timer = [&] { return std::chrono::seconds(seconds += 2); };  // the sample takes two
  const loop_volume volume(dir.string(), "volume", "ext4", 128_MiB);
  set_maker set(provider());
  const auto refusal = set.add(volume.point());
  ASSERT_TRUE(refused(result_code::e_volume_not_supported_by_provider, refusal));
  EXPECT_NE(refusal.error().text().find("would take about 16 s"), std::string::npos) << refusal.error().text();
  EXPECT_TRUE(done(set.abort()));
}

TEST_F(freeze_provider_root, volumes_of_a_set_share_the_limit_and_the_time) {
  const loop_volume first(dir.string(), "first", "ext2", 8_MiB);
  const loop_volume second(dir.string(), "second", "ext2", 8_MiB);
  options.limit = 12_MiB;
  {
    set_maker set(provider());
    ASSERT_TRUE(done(set.add(first.point())));
    const auto refusal = set.add(second.point());
    ASSERT_TRUE(refused(result_code::e_volume_not_supported_by_provider, refusal));
    EXPECT_NE(refusal.error().text().find("16 MiB are in use"), std::string::npos) << refusal.error().text();
    EXPECT_TRUE(done(set.abort()));
  }
  set_maker::make_one(provider(), second.point());  // another set begins anew
  options.limit = 64_MiB;
  std::atomic<std::int64_t> seconds = 0;
  options.timer = [&] { return std::chrono::seconds(seconds += 3); };
  const auto slow = shadow::make_freeze_provider(options);
  set_maker set(*slow);
  ASSERT_TRUE(done(set.add(first.point())));
  const auto refusal = set.add(second.point());
  ASSERT_TRUE(refused(result_code::e_volume_not_supported_by_provider, refusal));
  EXPECT_NE(refusal.error().text().find("reading 16 MiB would take about 6 s"), std::string::npos) << refusal.error().text();
  EXPECT_TRUE(done(set.abort()));
}

TEST_F(freeze_provider_root, what_is_mounted_read_only_needs_no_freeze) {
  const loop_volume volume(dir.string(), "volume", "ext4", 8_MiB);
  write_file(volume.at("file"), "words");
  shell("mount -o remount,ro " + volume.point());
  const auto v = shadow::find_volume(volume.point()).value();
  EXPECT_EQ(provider().holds(v), shadow::provider::hold::none);
  auto other = v;
  other.file_system = "vfat";
  EXPECT_TRUE(done(provider().is_volume_supported(other, {})));
  const auto copy = set_maker::make_one(provider(), volume.point(), attributes::no_autorecovery);
  const auto device = provider().open_snapshot(copy);
  ASSERT_TRUE(done(device));
  EXPECT_TRUE(bytes_of_device(*device.value()) == bytes_at(volume.node()));
}

TEST_F(freeze_provider_root, stops_when_reading_takes_too_long_after_all) {
  std::atomic<std::int64_t> seconds = 0;
  std::atomic<std::int64_t> step = 0;
  options.timer = [&] { return std::chrono::seconds(seconds += step); };
  const loop_volume volume(dir.string(), "volume", "ext4", 32_MiB);
  write_file(volume.at("file"), "words");
  set_maker set(provider());
  const auto copy = set.add(volume.point());
  ASSERT_TRUE(done(copy));
  step = 1;
  EXPECT_TRUE(refused(result_code::e_hold_writes_timeout, set.make()));
  EXPECT_FALSE(was_frozen(volume.point()));
  EXPECT_TRUE(provider().query().value().empty());
  step = 0;
  set_maker::make_one(provider(), volume.point());
}

TEST_F(freeze_provider_root, two_volumes_hold_still_together) {
  const loop_volume first(dir.string(), "first", "ext4", 32_MiB);
  const loop_volume second(dir.string(), "second", "ext2", 8_MiB);
  set_maker set(provider());
  const auto one = set.add(first.point());
  const auto two = set.add(second.point());
  ASSERT_TRUE(done(one));
  ASSERT_TRUE(done(two));
  ASSERT_TRUE(done(set.make()));
  for (const auto& copy : {one.value(), two.value()}) {
    const auto node = provider().node_of(copy);
    ASSERT_TRUE(done(node));
    EXPECT_EQ(exit_code_of("e2fsck -fn " + node.value()), 0);
  }
}

}  // namespace
}  // namespace umbra::test
