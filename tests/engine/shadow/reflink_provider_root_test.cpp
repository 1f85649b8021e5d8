// SPDX-License-Identifier: GPL-3.0-or-later
// The contract on XFS and btrfs, what can be copied, and what is left when things go wrong.
#include "engine/shadow/reflink_provider.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <filesystem>

#include "engine/base/units.h"
#include "engine/shadow/provider_ids.h"
#include "tests/contract/provider_contract.h"
#include "tests/support/shadow_disks.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

namespace fs = std::filesystem;
using namespace umbra::literals;
using shadow::result_code;
using attributes = shadow::volume_snapshot_attributes;
constexpr auto kept = attributes::persistent | attributes::no_auto_release;

struct host_kind {
  const char* type;
  std::uint64_t size;
};
constexpr host_kind xfs_host{"xfs", 320_MiB};
constexpr host_kind btrfs_host{"btrfs", 256_MiB};

// A file system that clones, with two disk files in it.
template <const host_kind& Kind>
struct reflink_subject {
  static std::string unavailable() { return loop_kit_unavailable({"mkfs.xfs", "mkfs.btrfs", "mkfs.ext4"}); }
  static constexpr bool persists = true;
  static constexpr bool has_nodes = true;

  reflink_subject() {
    for (const std::string name : {"a.img", "b.img"}) {
      fill_file(host.at(name), 3_MiB + 512, name == "a.img" ? 1 : 2);
      disks.emplace_back(host.at(name));
    }
    restart();
  }
  shadow::provider& get() { return *provider; }
  void restart() {
    provider.reset();
    shadow::reflink_options options;
    options.records = shadow::open_snapshot_records(state());
    options.minimum_free = 1_MiB;
    provider = shadow::make_reflink_provider(options);
  }
  std::string state() const { return dir.at("state"); }
  std::vector<shadow::volume> volumes() const {
    return {shadow::find_volume(disks[0].node()).value(), shadow::find_volume(disks[1].node()).value()};
  }
  std::string traces() const { return left_behind(host.point(), state(), {host.at("a.img"), host.at("b.img")}); }

  temp_dir dir;
  loop_volume host{dir.string(), "host", Kind.type, Kind.size};
  std::vector<loop_disk> disks;
  std::shared_ptr<shadow::provider> provider;
};

INSTANTIATE_TYPED_TEST_SUITE_P(reflink_on_xfs, provider_contract, reflink_subject<xfs_host>);
INSTANTIATE_TYPED_TEST_SUITE_P(reflink_on_btrfs, provider_contract, reflink_subject<btrfs_host>);

struct reflink_provider_root : ::testing::Test {
  void SetUp() override {
    if (const auto why = loop_kit_unavailable({"mkfs.xfs", "mkfs.btrfs", "mkfs.ext4"}); !why.empty()) GTEST_SKIP() << why;
    restart();
  }
  void restart(std::uint64_t minimum_free = 1_MiB) {
    provider.reset();
    shadow::reflink_options options;
    options.records = records;
    options.minimum_free = minimum_free;
    provider = shadow::make_reflink_provider(options);
  }
  // A file system that outlives the session, whose copies may keep it busy.
  loop_volume& lasting(const std::string& folder, const std::string& name, const std::string& type, std::uint64_t size) {
    return lasting_.emplace_back(folder, name, type, size);
  }
  void TearDown() override {
    provider.reset();
    while (!lasting_.empty()) lasting_.pop_back();
  }
  result<void> supported(const std::string& volume) {
    return provider->is_volume_supported(shadow::find_volume(volume).value(), attributes::none);
  }
  // Refused, and with these words.
  void expect_refused(const std::string& volume, const std::string& words) {
    const auto outcome = supported(volume);
    EXPECT_TRUE(refused(result_code::e_volume_not_supported_by_provider, outcome));
    if (outcome.has_error()) {
      EXPECT_NE(outcome.error().text().find(words), std::string::npos) << outcome.error().text();
    }
  }

  temp_dir dir;
  std::string state = dir.at("state");
  std::shared_ptr<shadow::snapshot_records> records = shadow::open_snapshot_records(state);
  std::shared_ptr<shadow::provider> provider;

 private:
  std::deque<loop_volume> lasting_;
};

TEST_F(reflink_provider_root, says_what_it_is) {
  EXPECT_EQ(provider->properties().provider_id, shadow::reflink_provider_id);
  EXPECT_EQ(provider->properties().provider_name, "reflink");
  EXPECT_EQ(provider->properties().type, shadow::provider_type::software);
}

TEST_F(reflink_provider_root, copies_what_lies_in_a_file_on_xfs_or_btrfs) {
  const loop_volume host(dir.string(), "host", "btrfs", 256_MiB);
  loop_volume inner(host.point(), "inner", "ext4", 32_MiB);
  EXPECT_TRUE(done(supported(inner.point())));
  EXPECT_EQ(provider->holds(shadow::find_volume(inner.point()).value()), shadow::provider::hold::coordinator);
  inner.unmount();
  EXPECT_TRUE(done(supported(inner.node())));
  EXPECT_EQ(provider->holds(shadow::find_volume(inner.node()).value()), shadow::provider::hold::none);
  EXPECT_TRUE(done(supported(inner.file())));  // as a virtual machine's disk would be asked for
}

TEST_F(reflink_provider_root, says_why_it_cannot_copy_others) {
  const loop_volume plain(dir.string(), "plain", "ext4", 64_MiB);
  const loop_volume on_ext4(plain.point(), "inner", "ext4", 16_MiB);
  expect_refused(on_ext4.point(), "does not lie on XFS or btrfs");

  const loop_volume old(dir.string(), "old", "xfs", 320_MiB, "-m reflink=0");
  const loop_volume on_old(old.point(), "inner", "ext4", 16_MiB);
  expect_refused(on_old.point(), "made without reflink");

  const loop_volume on_xfs(dir.string(), "volume", "btrfs", 128_MiB);
  fs::remove(on_xfs.file());  // as if on a device of its own
  expect_refused(on_xfs.point(), "put LVM below it, or, if it is small, use the provider freeze");
}

TEST_F(reflink_provider_root, a_part_of_a_file_system_is_no_copy) {
  const loop_volume host(dir.string(), "host", "xfs", 320_MiB);
  make_file(host.at("a.img"), 120_MiB);
  make_file(host.at("b.img"), 120_MiB);
  const loop_disk a(host.at("a.img"));
  const loop_disk b(host.at("b.img"));
  ASSERT_TRUE(make_file_system("btrfs", a.node() + " " + b.node()));
  shell("btrfs device scan " + a.node() + " && btrfs device scan " + b.node());
  {
    const mounted both(a.node(), "btrfs", dir.at("both"));
    expect_refused(both.point(), "lies on several devices");
  }
  shell("btrfs device scan --forget " + a.node() + " && btrfs device scan --forget " + b.node());
}

TEST_F(reflink_provider_root, copies_files_that_btrfs_does_not_checksum) {
  auto& host = lasting(dir.string(), "host", "btrfs", 256_MiB);
  make_file(host.at("disk.img"), 0);
  shell("chattr +C " + host.at("disk.img"));
  fill_file(host.at("disk.img"), 1_MiB, 1);
  const auto copy = set_maker::make_one(*provider, host.at("disk.img"));
  const auto device = provider->open_snapshot(copy);
  ASSERT_TRUE(done(device));
  EXPECT_TRUE(bytes_of_device(*device.value()) == bytes_at(host.at("disk.img")));
}

TEST_F(reflink_provider_root, refuses_when_little_space_is_left) {
  auto& host = lasting(dir.string(), "host", "xfs", 320_MiB);
  const loop_volume inner(host.point(), "inner", "ext4", 16_MiB);
  restart(1_GiB);
  for (const auto a : {attributes::none, kept}) {
    set_maker set(*provider);
    EXPECT_TRUE(refused(result_code::e_insufficient_storage, set.add(inner.point(), a)));
    EXPECT_TRUE(done(set.abort()));
    EXPECT_EQ(left_behind(host.point(), state, {inner.file(), inner.point()}), "");
  }
}

TEST_F(reflink_provider_root, a_copy_bears_a_full_file_system) {
  auto& host = lasting(dir.string(), "host", "xfs", 320_MiB);
  fill_file(host.at("disk.img"), 4_MiB, 1);
  const auto before = bytes_at(host.at("disk.img"));
  const auto copy = set_maker::make_one(*provider, host.at("disk.img"), kept);
  // Whatever more is written finds no space, not even that of a block of the volume.
  shell("dd if=/dev/zero bs=1M of=" + host.at("filler") + " || true");
  shell("dd if=/dev/zero bs=4k of=" + host.at("more") + " || true");
  const auto areas = provider->query_diff_areas();
  ASSERT_TRUE(done(areas));
  ASSERT_EQ(areas.value().size(), 1u);
  EXPECT_LT(areas.value()[0].maximum_space, 1_MiB);
  const auto device = provider->open_snapshot(copy);
  ASSERT_TRUE(done(device));
  EXPECT_TRUE(bytes_of_device(*device.value()) == before);
  EXPECT_TRUE(done(provider->check_snapshot(copy)));
  set_maker another(*provider);
  EXPECT_TRUE(refused(result_code::e_insufficient_storage, another.add(host.at("disk.img"))));
  EXPECT_TRUE(done(another.abort()));
  EXPECT_TRUE(done(provider->delete_snapshot(copy)));
}

TEST_F(reflink_provider_root, tells_the_space_that_a_copy_takes) {
  auto& host = lasting(dir.string(), "host", "xfs", 320_MiB);
  fill_file(host.at("disk.img"), 8_MiB, 1);
  for (const auto a : {attributes::none, kept}) {
    const auto copy = set_maker::make_one(*provider, host.at("disk.img"), a);
    shell("sync -f " + host.point());
    auto areas = provider->query_diff_areas();
    ASSERT_TRUE(done(areas));
    ASSERT_EQ(areas.value().size(), 1u);
    EXPECT_EQ(areas.value()[0].volume_name, host.at("disk.img"));
    EXPECT_EQ(areas.value()[0].diff_area_volume_name, host.point());
    EXPECT_EQ(areas.value()[0].used_space, 0u);
    shell("dd if=/dev/urandom bs=1M count=2 conv=notrunc,fsync of=" + host.at("disk.img"));
    areas = provider->query_diff_areas();
    ASSERT_TRUE(done(areas));
    EXPECT_EQ(areas.value()[0].used_space, 2_MiB);
    EXPECT_GT(areas.value()[0].maximum_space, 2_MiB);
    EXPECT_TRUE(done(provider->delete_snapshot(copy)));
  }
}

TEST_F(reflink_provider_root, a_copy_outlives_its_volume) {
  auto& host = lasting(dir.string(), "host", "xfs", 320_MiB);
  loop_volume inner(host.point(), "inner", "ext4", 16_MiB);
  write_file(inner.at("file"), "words");
  const auto copy = set_maker::make_one(*provider, inner.point());
  inner.detach();
  fs::remove(inner.file());
  const auto node = provider->node_of(copy);
  ASSERT_TRUE(done(node));
  const mounted seen(node.value(), "ext4", dir.at("seen"), "", true);
  EXPECT_EQ(read_file(seen.at("file")), "words");
  EXPECT_TRUE(done(provider->check_snapshot(copy)));
}

TEST_F(reflink_provider_root, a_volume_that_goes_while_it_is_prepared_makes_no_copy_of_another) {
  auto& host = lasting(dir.string(), "host", "xfs", 320_MiB);
  const loop_volume inner(host.point(), "inner", "ext4", 16_MiB);
  auto v = shadow::find_volume(inner.point());
  ASSERT_TRUE(done(v));
  fs::rename(inner.file(), host.at("away.img"));
  fill_file(inner.file(), 16_MiB, 1);  // another file of that name
  const shadow::guid set{{std::byte{1}}};
  EXPECT_TRUE(refused(result_code::e_missing_volume, provider->begin_prepare_snapshot(set, set, v.value(), kept)));
  EXPECT_TRUE(done(provider->abort_snapshots(set)));
  EXPECT_EQ(left_behind(host.point(), state, {inner.file(), inner.point(), host.at("away.img")}), "");
}

TEST_F(reflink_provider_root, unmounted_between_the_steps_it_is_copied_all_the_same) {
  auto& host = lasting(dir.string(), "host", "xfs", 320_MiB);
  loop_volume inner(host.point(), "inner", "ext4", 16_MiB);
  write_file(inner.at("file"), "words");
  const shadow::guid set{{std::byte{1}}};
  ASSERT_TRUE(done(provider->begin_prepare_snapshot(set, set, shadow::find_volume(inner.point()).value(), {})));
  inner.detach();
  for (std::size_t step = 0; step < provider_steps.size(); ++step) ASSERT_TRUE(done(take_step(*provider, step, set)));
  const auto node = provider->node_of(set);
  ASSERT_TRUE(done(node));
  const mounted seen(node.value(), "ext4", dir.at("seen"), "", true);
  EXPECT_EQ(read_file(seen.at("file")), "words");
}

TEST_F(reflink_provider_root, a_changed_copy_is_lost) {
  auto& host = lasting(dir.string(), "host", "xfs", 320_MiB);
  fill_file(host.at("disk.img"), 1_MiB, 1);
  const auto copy = set_maker::make_one(*provider, host.at("disk.img"), kept);
  const auto path = provider->query().value().at(0).snapshot_device_object;
  EXPECT_TRUE(fs::exists(path));
  EXPECT_TRUE(done(provider->check_snapshot(copy)));
  write_file(path, "something else");
  EXPECT_TRUE(refused(result_code::e_unexpected_provider_error, provider->check_snapshot(copy)));
  restart();
  EXPECT_TRUE(refused(result_code::e_unexpected_provider_error, provider->check_snapshot(copy)));
  EXPECT_TRUE(refused(result_code::e_unexpected_provider_error, provider->revert_to_snapshot(copy)));
  EXPECT_TRUE(done(provider->delete_snapshot(copy)));
}

TEST_F(reflink_provider_root, a_lost_file_is_told_and_can_be_forgotten) {
  auto& host = lasting(dir.string(), "host", "xfs", 320_MiB);
  fill_file(host.at("disk.img"), 1_MiB, 1);
  const auto copy = set_maker::make_one(*provider, host.at("disk.img"), kept);
  fs::remove(provider->query().value().at(0).snapshot_device_object);
  restart();
  ASSERT_EQ(provider->query().value().size(), 1u);
  EXPECT_EQ(provider->query().value()[0].status, shadow::snapshot_state::unknown);
  EXPECT_TRUE(refused(result_code::e_object_not_found, provider->open_snapshot(copy)));
  EXPECT_TRUE(done(provider->delete_snapshot(copy)));
  EXPECT_EQ(left_behind(host.point(), state, {host.at("disk.img")}), "");
}

// A record says where its copy is; the file system may be mounted another day.
TEST_F(reflink_provider_root, a_leftover_on_an_absent_file_system_is_not_forgotten) {
  auto& host = lasting(dir.string(), "host", "xfs", 320_MiB);
  fill_file(host.at("disk.img"), 1_MiB, 1);
  const auto copy = set_maker::make_one(*provider, host.at("disk.img"), kept);
  ASSERT_TRUE(done(records->withdraw(copy)));  // a deletion that was cut short
  provider.reset();
  host.unmount();
  restart();
  EXPECT_TRUE(provider->query().value().empty());
  host.mount_again();
  EXPECT_NE(left_behind(host.point(), state, {host.at("disk.img")}), "");
  EXPECT_TRUE(provider->query().value().empty());
  EXPECT_EQ(left_behind(host.point(), state, {host.at("disk.img")}), "");
}

TEST_F(reflink_provider_root, a_process_that_is_killed_leaves_nothing_for_long) {
  auto& host = lasting(dir.string(), "host", "xfs", 320_MiB);
  const loop_volume inner(host.point(), "inner", "ext4", 16_MiB);
  for (const auto a : {attributes::none, kept}) {
    for (std::size_t steps = 0; steps < provider_steps.size(); ++steps) {
      const pid_t pid = ::fork();
      if (pid == 0) {
        const shadow::guid set{{std::byte{static_cast<unsigned char>(steps + 1)}}};
        bool fine = provider->begin_prepare_snapshot(set, set, shadow::find_volume(inner.point()).value(), a).has_value();
        for (std::size_t step = 0; step < steps; ++step) fine = fine && take_step(*provider, step, set).has_value();
        if (!fine) ::_exit(1);
        ::kill(::getpid(), SIGKILL);
      }
      int status = 0;
      ASSERT_EQ(::waitpid(pid, &status, 0), pid);
      ASSERT_TRUE(WIFSIGNALED(status)) << steps;
      if (a == kept) {
        EXPECT_NE(left_behind(host.point(), state, {inner.file(), inner.point()}), "") << steps;
      }
      EXPECT_TRUE(provider->query().value().empty());
      EXPECT_EQ(left_behind(host.point(), state, {inner.file(), inner.point()}), "") << steps;
    }
  }
}

}  // namespace
}  // namespace umbra::test
