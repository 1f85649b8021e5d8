// SPDX-License-Identifier: GPL-3.0-or-later
// What is in copies of file systems that are written to: one instant, a clean journal, mended once and never again changed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

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

// A process that counts in one file and then in the other, and writes much besides.
class counting_process {
 public:
  counting_process(const std::string& first, const std::string& second) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    const int a = ::open(first.c_str(), O_CREAT | O_WRONLY, 0600);
    const int b = ::open(second.c_str(), O_CREAT | O_WRONLY, 0600);
    const int noise = ::open((first + ".log").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    const std::string page(4096, 'x');
    for (std::uint64_t n = 1;; ++n) {
      if (::pwrite(a, &n, sizeof(n), 0) != sizeof(n) || ::pwrite(b, &n, sizeof(n), 0) != sizeof(n)) ::_exit(1);
      if (n % 64 == 0 && n < 64 * 1024 && ::write(noise, page.data(), page.size()) < 0) ::_exit(1);
    }
  }
  counting_process(const counting_process&) = delete;
  counting_process& operator=(const counting_process&) = delete;
  ~counting_process() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  static std::uint64_t count_in(const std::string& path) {
    std::uint64_t n = 0;
    const auto text = read_file(path);
    if (text.size() >= sizeof(n)) std::memcpy(&n, text.data(), sizeof(n));
    return n;
  }

 private:
  pid_t pid_ = 0;
};

struct reflink_copies_root : ::testing::Test {
  void SetUp() override {
    const auto why = loop_kit_unavailable({"mkfs.xfs", "mkfs.btrfs", "mkfs.ext4", "e2fsck", "dumpe2fs", "xfs_repair"});
    if (!why.empty()) GTEST_SKIP() << why;
    host.emplace(dir.string(), "host", "xfs", 900_MiB);
    shadow::reflink_options options;
    options.records = shadow::open_snapshot_records(dir.at("state"));
    provider = shadow::make_reflink_provider(options);
  }
  std::string node_of(const shadow::guid& copy) {
    auto node = provider->node_of(copy);
    EXPECT_TRUE(done(node));
    return node.has_value() ? node.value() : "";
  }
  static int exit_code_of(const std::string& command) {
    return WEXITSTATUS(std::system(("PATH=$PATH:/usr/sbin:/sbin; " + command + " >/dev/null 2>&1").c_str()));
  }
  // e2fsck -fn finds nothing, not even what a mount would mend.
  void expect_clean(const shadow::guid& copy) {
    const auto node = node_of(copy);
    EXPECT_EQ(exit_code_of("e2fsck -fn " + node), 0);
    EXPECT_EQ(shell("dumpe2fs -h " + node).find("needs_recovery"), std::string::npos);
  }

  temp_dir dir;
  std::optional<loop_volume> host;
  std::shared_ptr<shadow::provider> provider;
};

TEST_F(reflink_copies_root, two_volumes_that_are_written_to_are_copied_at_one_instant) {
  const loop_volume first(host->point(), "first", "ext4", 64_MiB);
  const loop_volume second(host->point(), "second", "xfs", 320_MiB);
  const counting_process process(first.at("count"), second.at("count"));
  while (counting_process::count_in(second.at("count")) < 1000) std::this_thread::yield();
  for (int round = 0; round < 3; ++round) {
    set_maker set(*provider);
    const auto one = set.add(first.point());
    const auto two = set.add(second.point());
    ASSERT_TRUE(done(one));
    ASSERT_TRUE(done(two));
    const auto made = set.make();
    ASSERT_TRUE(done(made));
    std::printf("held two file systems for %lld us\n", static_cast<long long>(set.held().count()));
    expect_clean(one.value());
    const mounted a(node_of(one.value()), "ext4", dir.at("a"), "", true);
    const mounted b(node_of(two.value()), "xfs", dir.at("b"), "nouuid", true);
    const auto in_a = counting_process::count_in(a.at("count"));
    const auto in_b = counting_process::count_in(b.at("count"));
    EXPECT_GE(in_b, 1000u);
    EXPECT_TRUE(in_a == in_b || in_a == in_b + 1) << in_a << " and " << in_b;
    EXPECT_EQ(std::filesystem::file_size(a.at("count.log")) / 4096, std::min<std::uint64_t>(in_b / 64, 1023));
  }
}

TEST_F(reflink_copies_root, a_journal_is_replayed_in_the_copy_unless_that_is_forbidden) {
  const loop_volume volume(host->point(), "volume", "ext4", 32_MiB);
  // A file that was removed and is still open: only a mount can take it away.
  const unique_fd open(::open(volume.at("gone").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  ASSERT_EQ(::ftruncate(open.get(), 1 << 20), 0);
  ASSERT_EQ(::unlink(volume.at("gone").c_str()), 0);
  const auto as_it_was = set_maker::make_one(*provider, volume.point(), attributes::no_autorecovery);
  EXPECT_NE(exit_code_of("e2fsck -fn " + node_of(as_it_was)), 0);
  expect_clean(set_maker::make_one(*provider, volume.point()));
}

TEST_F(reflink_copies_root, a_copy_without_a_freeze_is_recovered_too) {
  const loop_volume ext(host->point(), "ext", "ext4", 32_MiB);
  const loop_volume xfs(host->point(), "xfs", "xfs", 320_MiB);
  const shadow::guid set{{std::byte{1}}};
  const shadow::guid of_xfs{{std::byte{2}}};
  for (const auto* volume : {&ext, &xfs}) {
    for (int i = 0; i < 50; ++i) write_file(volume->at("file" + std::to_string(i)), "words");
  }
  shell("sync -f " + ext.point() + "; sync -f " + xfs.point());
  ASSERT_TRUE(done(provider->begin_prepare_snapshot(set, set, shadow::find_volume(ext.point()).value(), {})));
  ASSERT_TRUE(done(provider->begin_prepare_snapshot(set, of_xfs, shadow::find_volume(xfs.point()).value(), {})));
  for (std::size_t step = 0; step < 4; ++step) ASSERT_TRUE(done(take_step(*provider, step, set)));
  for (std::size_t step = 4; step < 6; ++step) ASSERT_TRUE(done(take_step(*provider, step, set)));
  expect_clean(set);
  // A dirty log on a read-only node could not be mounted.
  const mounted seen(node_of(of_xfs), "xfs", dir.at("seen"), "nouuid", true);
  EXPECT_EQ(read_file(seen.at("file49")), "words");
}

TEST_F(reflink_copies_root, btrfs_is_copied_beside_itself) {
  const loop_volume volume(host->point(), "volume", "btrfs", 128_MiB);
  write_file(volume.at("file"), "words");
  const auto copy = set_maker::make_one(*provider, volume.point());
  EXPECT_EQ(exit_code_of("btrfs check --force " + node_of(copy)), 0);
  write_file(volume.at("file"), "other words");
  EXPECT_EQ(read_file(volume.at("file")), "other words");
}

TEST_F(reflink_copies_root, a_damaged_file_system_fails_its_set_and_leaves_nothing) {
  loop_volume volume(host->point(), "volume", "ext4", 32_MiB);
  set_maker set(*provider);
  ASSERT_TRUE(done(set.add(volume.point(), kept)));
  ASSERT_TRUE(done(set.end_prepare()));
  ASSERT_TRUE(done(set.commit()));
  std::string copy;
  for (const auto& entry : std::filesystem::directory_iterator(host->point())) {
    if (entry.path().filename().string().starts_with("umbra-shadow-")) copy = entry.path().string();
  }
  // The superblock: no mount gets past that.
  shell("dd if=/dev/zero of=" + copy + " bs=1024 seek=1 count=1 conv=notrunc");
  EXPECT_TRUE(refused(result_code::e_autorecovery_failed, set.pre_final()));
  EXPECT_TRUE(done(set.abort()));
  EXPECT_EQ(left_behind(host->point(), dir.at("state"), {volume.file(), volume.point()}), "");
}

TEST_F(reflink_copies_root, a_copy_is_mended_while_it_may_be_and_never_after) {
  for (const auto a : {attributes::none, kept}) {
    const loop_volume volume(host->point(), "volume", "ext4", 32_MiB);
    write_file(volume.at("page file"), "not for keeping");
    write_file(volume.at("file"), "words");
    set_maker set(*provider);
    const auto copy = set.add(volume.point(), a);
    ASSERT_TRUE(done(copy));
    ASSERT_TRUE(done(set.end_prepare()));
    ASSERT_TRUE(done(set.commit()));
    ASSERT_TRUE(done(set.pre_final()));
    {
      const mounted inside(node_of(copy.value()), "ext4", dir.at("inside"));
      EXPECT_TRUE(std::filesystem::remove(inside.at("page file")));
      EXPECT_TRUE(refused(result_code::e_volume_in_use, set.post_final()));
    }
    // A failed step is not taken again.
    EXPECT_TRUE(refused(result_code::e_bad_state, set.post_final()));
    ASSERT_TRUE(done(set.abort()));

    set_maker again(*provider);
    const auto mended = again.add(volume.point(), a);
    ASSERT_TRUE(done(mended));
    ASSERT_TRUE(done(again.end_prepare()));
    ASSERT_TRUE(done(again.commit()));
    ASSERT_TRUE(done(again.pre_final()));
    {
      const mounted inside(node_of(mended.value()), "ext4", dir.at("inside"));
      EXPECT_TRUE(std::filesystem::remove(inside.at("page file")));
    }
    ASSERT_TRUE(done(again.post_final()));
    expect_clean(mended.value());
    EXPECT_EQ(::mount(node_of(mended.value()).c_str(), dir.at("inside").c_str(), "ext4", 0, nullptr), -1);
    {
      const mounted inside(node_of(mended.value()), "ext4", dir.at("inside"), "", true);
      EXPECT_EQ(read_file(inside.at("file")), "words");
      EXPECT_FALSE(std::filesystem::exists(inside.at("page file")));
    }
    EXPECT_TRUE(std::filesystem::exists(volume.at("page file")));
    EXPECT_TRUE(done(provider->check_snapshot(mended.value())));
    EXPECT_TRUE(done(provider->delete_snapshot(mended.value())));
  }
}

TEST_F(reflink_copies_root, a_window_of_a_disk_file_is_copied_as_the_volume_it_is) {
  make_file(host->at("disk.img"), 80_MiB);
  const loop_disk disk(host->at("disk.img"), {1_MiB, 32_MiB});
  ASSERT_TRUE(make_file_system("ext4", disk.node()));
  const mounted volume(disk.node(), "ext4", dir.at("volume"));
  write_file(volume.at("file"), "words");
  const auto copy = set_maker::make_one(*provider, volume.point());
  const auto device = provider->open_snapshot(copy);
  ASSERT_TRUE(done(device));
  EXPECT_EQ(device.value()->geometry().size, 32_MiB);
  EXPECT_TRUE(bytes_of_device(*device.value()) == bytes_at(node_of(copy)));
  expect_clean(copy);
}

TEST_F(reflink_copies_root, a_held_set_that_came_too_late_leaves_nothing) {
  const loop_volume volume(host->point(), "volume", "ext4", 32_MiB);
  set_maker set(*provider);
  ASSERT_TRUE(done(set.add(volume.point(), kept)));
  ASSERT_TRUE(done(set.end_prepare()));
  // The freezer of the set finds it frozen by somebody else.
  shadow::freeze_request request;
  request.mount_points = {volume.point()};
  auto other = shadow::make_freezer(request);
  ASSERT_TRUE(done(other));
  ASSERT_TRUE(done(other.value()->freeze()));
  EXPECT_TRUE(refused(result_code::e_volume_in_use, set.commit()));
  ASSERT_TRUE(done(other.value()->thaw()));
  EXPECT_TRUE(done(set.abort()));
  EXPECT_EQ(left_behind(host->point(), dir.at("state"), {volume.file(), volume.point()}), "");
}

}  // namespace
}  // namespace umbra::test
