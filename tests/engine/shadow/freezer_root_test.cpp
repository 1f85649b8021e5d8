// SPDX-License-Identifier: GPL-3.0-or-later
// The freezer on real file systems. Only file systems that these tests made are ever frozen.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>

#include "engine/base/units.h"
#include "engine/shadow/freeze_calls.h"
#include "engine/shadow/freezer.h"
#include "engine/shadow/result_code.h"
#include "tests/support/loop_kit.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

using namespace std::chrono_literals;
using namespace umbra::literals;
using shadow::result_code;

std::optional<result_code> code_of(const result<void>& r) {
  return r.has_error() ? std::optional(shadow::code_of(r.error())) : std::nullopt;
}

// Writes a file anew; on a frozen file system it waits until that is thawed.
bool write_file(const std::string& path, const std::string& text) {
  const unique_fd fd(::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
  return fd.is_open() && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

int errno_of_freezing(const std::string& mount_point) {
  const unique_fd root(::open(mount_point.c_str(), O_RDONLY | O_CLOEXEC));
  return ::ioctl(root.get(), FIFREEZE, 0) == 0 ? 0 : errno;
}

// A child process; killed with this.
class child {
 public:
  template <class Act>
  explicit child(Act act) {
    pid_ = ::fork();
    if (pid_ == 0) ::_exit(act());
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() { kill_it(); }

  pid_t pid() const { return pid_; }
  void kill_it() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  // Its exit code, or -1.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  bool wait_until_stopped() const {
    int status = 0;
    return ::waitpid(pid_, &status, WUNTRACED) == pid_ && WIFSTOPPED(status);
  }

 private:
  pid_t pid_ = 0;
};

struct freezer_root : ::testing::Test {
  void SetUp() override {
    const auto why = loop_kit_unavailable({"mkfs.ext4", "mkfs.xfs", "mkfs.btrfs"});
    if (!why.empty()) GTEST_SKIP() << why;
    // A guardian that has lost its session becomes a child of this process, so that its end can be waited for.
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  }
  static void await_guardian() { ASSERT_GT(::waitpid(-1, nullptr, 0), 0); }

  static shadow::freeze_request request_for(std::vector<std::string> mount_points) {
    shadow::freeze_request request;
    request.mount_points = std::move(mount_points);
    return request;
  }

  temp_dir dir;
};

struct freezer_kinds : freezer_root, ::testing::WithParamInterface<std::pair<const char*, std::uint64_t>> {};

TEST_P(freezer_kinds, a_writer_waits_while_it_is_frozen_and_then_goes_on) {
  const auto [type, size] = GetParam();
  const loop_volume volume(dir.string(), "volume", type, size);
  ASSERT_TRUE(write_file(volume.at("first"), "1"));
  auto hold = shadow::make_freezer(request_for({volume.point()}));
  ASSERT_TRUE(hold.has_value()) << hold.error().message();
  ASSERT_TRUE(hold.value()->freeze().has_value());
  EXPECT_EQ(errno_of_freezing(volume.point()), EBUSY);
  child writer([&] { return write_file(volume.at("second"), "2") ? 0 : 1; });
  EXPECT_NE(::access(volume.at("second").c_str(), F_OK), 0);
  ASSERT_TRUE(hold.value()->thaw().has_value());
  EXPECT_EQ(writer.wait(), 0);
  EXPECT_EQ(::access(volume.at("second").c_str(), F_OK), 0);
  EXPECT_TRUE(hold.value()->not_frozen().empty());
  EXPECT_FALSE(was_frozen(volume.point()));
  std::printf("held %s for %lld us\n", type, static_cast<long long>(hold.value()->held().count()));
}

INSTANTIATE_TEST_SUITE_P(all, freezer_kinds,
                         ::testing::Values(std::pair{"ext4", 32_MiB}, std::pair{"xfs", 320_MiB}, std::pair{"btrfs", 128_MiB}),
                         [](const auto& kind) { return std::string(kind.param.first); });

TEST_F(freezer_root, two_file_systems_and_one_that_lies_on_another_are_held_together) {
  const loop_volume outer(dir.string(), "outer", "xfs", 320_MiB);
  const loop_volume inner(outer.point(), "inner", "ext4", 32_MiB);
  const loop_volume other(dir.string(), "other", "btrfs", 128_MiB);
  const auto all = {outer.point(), inner.point(), other.point()};
  for (const auto& point : all) ASSERT_TRUE(write_file(point + "/dirty", std::string(1 << 20, 'x')));
  auto hold = shadow::make_freezer(request_for(all));
  ASSERT_TRUE(hold.has_value()) << hold.error().message();
  const auto frozen = hold.value()->freeze();
  ASSERT_TRUE(frozen.has_value()) << frozen.error().message();
  for (const auto& point : all) EXPECT_EQ(errno_of_freezing(point), EBUSY) << point;
  ASSERT_TRUE(hold.value()->thaw().has_value());
  for (const auto& point : all) EXPECT_TRUE(write_file(point + "/after", "x")) << point;
}

TEST_F(freezer_root, a_bind_mount_is_the_same_file_system) {
  const loop_volume volume(dir.string(), "volume", "ext4", 32_MiB);
  std::filesystem::create_directory(dir.at("bound"));
  ASSERT_EQ(::mount((volume.point() + "/lost+found").c_str(), dir.at("bound").c_str(), nullptr, MS_BIND, nullptr), 0);
  auto hold = shadow::make_freezer(request_for({volume.point(), dir.at("bound")}));
  const auto frozen = hold.has_value() ? hold.value()->freeze() : result<void>(hold.error());
  const auto thawed = hold.has_value() ? hold.value()->thaw() : result<void>(hold.error());
  hold = error();
  EXPECT_EQ(::umount(dir.at("bound").c_str()), 0);
  EXPECT_TRUE(frozen.has_value()) << frozen.error().message();
  EXPECT_TRUE(thawed.has_value());
}

TEST_F(freezer_root, what_cannot_be_frozen_is_passed_over) {
  const loop_volume volume(dir.string(), "volume", "ext4", 32_MiB);
  const mounted memory("none", "tmpfs", dir.at("memory"), "size=64k");
  auto hold = shadow::make_freezer(request_for({volume.point(), memory.point()}));
  ASSERT_TRUE(hold.has_value()) << hold.error().message();
  ASSERT_TRUE(hold.value()->freeze().has_value());
  EXPECT_EQ(hold.value()->not_frozen(), std::vector<std::string>{memory.point()});
  EXPECT_EQ(errno_of_freezing(volume.point()), EBUSY);
  EXPECT_TRUE(hold.value()->thaw().has_value());
}

TEST_F(freezer_root, what_is_frozen_already_is_refused_and_left_so) {
  const loop_volume volume(dir.string(), "volume", "ext4", 32_MiB);
  const loop_volume other(dir.string(), "other", "ext4", 32_MiB);
  ASSERT_EQ(errno_of_freezing(volume.point()), 0);
  {
    auto hold = shadow::make_freezer(request_for({volume.point(), other.point()}));
    ASSERT_TRUE(hold.has_value());
    EXPECT_EQ(code_of(hold.value()->freeze()), result_code::e_volume_in_use);
    EXPECT_TRUE(write_file(other.at("after"), "x"));
  }
  EXPECT_TRUE(was_frozen(volume.point()));
}

TEST_F(freezer_root, a_killed_session_leaves_nothing_frozen) {
  const loop_volume volume(dir.string(), "volume", "ext4", 32_MiB);
  child session([&] {
    auto hold = shadow::make_freezer(request_for({volume.point()}));
    if (hold.has_error() || hold.value()->freeze().has_error()) return 1;
    ::raise(SIGSTOP);  // "it is frozen"
    return 2;
  });
  ASSERT_TRUE(session.wait_until_stopped());
  EXPECT_EQ(errno_of_freezing(volume.point()), EBUSY);
  child writer([&] { return write_file(volume.at("after"), "x") ? 0 : 1; });
  session.kill_it();
  EXPECT_EQ(writer.wait(), 0);
  await_guardian();
  EXPECT_FALSE(was_frozen(volume.point()));
}

TEST_F(freezer_root, a_stopped_session_is_too_late) {
  const loop_volume volume(dir.string(), "volume", "xfs", 320_MiB);
  // A clock that stands still until the session has stopped itself.
  static std::atomic<std::int64_t>* clock = nullptr;
  void* const page = ::mmap(nullptr, sizeof(*clock), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  clock = new (page) std::atomic<std::int64_t>(1);
  child session([&] {
    auto request = request_for({volume.point()});
    request.hold_limit = 100ms;
    auto calls = shadow::kernel_freeze_calls();
    calls.now = [] { return clock->load(); };
    auto hold = shadow::make_freezer(request, calls);
    if (hold.has_error() || hold.value()->freeze().has_error()) return 1;
    ::raise(SIGSTOP);
    return code_of(hold.value()->thaw()) == result_code::e_hold_writes_timeout ? 0 : 2;
  });
  ASSERT_TRUE(session.wait_until_stopped());
  child writer([&] { return write_file(volume.at("after"), "x") ? 0 : 1; });
  *clock += std::chrono::nanoseconds(1s).count();
  EXPECT_EQ(writer.wait(), 0);
  ASSERT_EQ(::kill(session.pid(), SIGCONT), 0);
  EXPECT_EQ(session.wait(), 0);
  EXPECT_FALSE(was_frozen(volume.point()));
}

TEST_F(freezer_root, an_unmounted_file_system_is_kept_until_the_set_is_over) {
  const loop_volume volume(dir.string(), "volume", "ext4", 32_MiB);
  auto hold = shadow::make_freezer(request_for({volume.point()}));
  ASSERT_TRUE(hold.has_value());
  EXPECT_NE(::umount(volume.point().c_str()), 0);
  EXPECT_EQ(errno, EBUSY);
  EXPECT_TRUE(hold.value()->freeze().has_value());
  EXPECT_TRUE(hold.value()->thaw().has_value());
}

}  // namespace
}  // namespace umbra::test
