// SPDX-License-Identifier: GPL-3.0-or-later
// A machine without memory: who holds file systems is killed for it, and they go on all the same.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "engine/base/units.h"
#include "engine/io/unique_fd.h"
#include "engine/shadow/freezer.h"
#include "tests/support/loop_kit.h"
#include "tests/support/memory_group.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

using namespace umbra::literals;

constexpr std::uint64_t memory = 48_MiB;

template <class Act>
pid_t start(Act act) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(act());
  return pid;
}

// Takes memory, page by page, until there is none; the answer is never.
[[noreturn]] void take_all_memory() {
  constexpr std::size_t much = 1_GiB;
  auto* const bytes = static_cast<volatile char*>(
      ::mmap(nullptr, much, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  for (std::size_t at = 0; at < much; at += 4096) bytes[at] = 1;
  ::_exit(3);
}

// Writes to a file in memory, and goes on trying when there is no more: whatever becomes free is gone at once.
[[noreturn]] void fill_for_ever(int file) {
  static const char page[4096] = {1};
  for (;;) static_cast<void>(::write(file, page, sizeof(page)));
}

// Whether root may put a process last among those that are killed: not in every container.
bool may_be_spared() {
  const pid_t pid = start([] { return std::ofstream("/proc/self/oom_score_adj") << -1000 << std::flush ? 0 : 1; });
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && status == 0;
}

bool write_file(const std::string& path) {
  const unique_fd fd(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  return fd.is_open() && ::write(fd.get(), "x", 1) == 1;
}

std::string line_of(const std::string& path, const std::string& beginning) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(beginning)) return line.substr(beginning.size());
  }
  return {};
}

// The process of that parent that calls itself the guardian.
pid_t guardian_of(pid_t session) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto status = entry.path().string() + "/status";
    if (line_of(status, "Name:\t") == "umbra-guardian" && line_of(status, "PPid:\t") == std::to_string(session)) {
      return std::stoi(entry.path().filename().string());
    }
  }
  return 0;
}

struct guardian_memory_root : ::testing::Test {
  void SetUp() override {
    const auto why = loop_kit_unavailable({"mkfs.ext4"});
    if (!why.empty()) GTEST_SKIP() << why;
    if (!group.unavailable().empty()) GTEST_SKIP() << group.unavailable();
    // Lets the guardian be waited for when its session is gone.
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    volume.emplace(dir.string(), "volume", "ext4", 32_MiB);
  }
  void TearDown() override {
    for (const pid_t pid : {session, hog}) {
      if (pid > 0) ::kill(pid, SIGKILL);
    }
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
  }

  // A session in the group, with the file system frozen; it goes on to `next` when it is continued.
  void freeze_in_the_group(void (*next)()) {
    session = start([&] {
      shadow::freeze_request request;
      request.mount_points = {volume->point()};
      request.hold_limit = std::chrono::hours(1);  // it is not the limit that thaws here
      if (!group.join()) return 1;
      auto hold = shadow::make_freezer(request);
      if (hold.has_error() || hold.value()->freeze().has_error()) return 1;
      ::raise(SIGSTOP);
      next();
      return 2;
    });
    int status = 0;
    ASSERT_EQ(::waitpid(session, &status, WUNTRACED), session);
    ASSERT_TRUE(WIFSTOPPED(status)) << "nothing was frozen";
    guardian = guardian_of(session);
    ASSERT_GT(guardian, 0);
    writer = start([&] { return write_file(volume->at("waits")) ? 0 : 1; });
  }
  void expect_session_killed() {
    int status = 0;
    ASSERT_EQ(::waitpid(session, &status, 0), session);
    session = 0;
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    EXPECT_GE(group.kills(), 1u) << "not for its memory";
  }
  bool has_ended(pid_t pid, int& status) {
    return settles([&] { return ::waitpid(pid, &status, WNOHANG) == pid; });
  }
  void expect_thawed_by_the_guardian() {
    int status = 0;
    EXPECT_TRUE(has_ended(writer, status)) << "it is still frozen";
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(has_ended(guardian, status)) << "the guardian does not end";
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_FALSE(was_frozen(volume->point()));
  }

  memory_group group{memory};
  temp_dir dir;
  std::optional<loop_volume> volume;
  pid_t session = 0;
  pid_t guardian = 0;
  pid_t writer = 0;
  pid_t hog = 0;
};

TEST_F(guardian_memory_root, it_is_the_last_to_be_killed_and_keeps_what_it_has) {
  freeze_in_the_group([] {});
  const auto process = "/proc/" + std::to_string(guardian);
  const auto locked = line_of(process + "/status", "VmLck:");
  EXPECT_GT(std::atoi(locked.c_str()), 0) << locked;
  EXPECT_EQ(line_of(process + "/oom_score_adj", ""), may_be_spared() ? "-1000" : "0");
}

TEST_F(guardian_memory_root, a_session_that_is_killed_for_its_memory_leaves_nothing_frozen) {
  freeze_in_the_group(take_all_memory);
  ASSERT_EQ(::kill(session, SIGCONT), 0);
  expect_session_killed();
  expect_thawed_by_the_guardian();
}

// It needs no memory for its work: there is none.
TEST_F(guardian_memory_root, nothing_stays_frozen_while_somebody_else_has_all_memory) {
  if (!group.let_them_wait()) GTEST_SKIP() << "these control groups kill who asks for memory";
  freeze_in_the_group([] {});
  const unique_fd file(::memfd_create("all memory", MFD_CLOEXEC));
  hog = start([&] {
    if (!group.join()) return 1;
    fill_for_ever(file.get());
  });
  ASSERT_TRUE(settles([&] { return group.bytes_left() < 64_KiB; }));
  ASSERT_EQ(::kill(session, SIGKILL), 0);
  ASSERT_EQ(::waitpid(session, nullptr, 0), session);
  session = 0;
  expect_thawed_by_the_guardian();
  EXPECT_LT(group.bytes_left(), 64_KiB) << "there was memory";
}

}  // namespace
}  // namespace umbra::test
