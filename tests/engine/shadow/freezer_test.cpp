// SPDX-License-Identifier: GPL-3.0-or-later
// The freezer and its guardian with a made-up kernel and a clock that only the tests move: nothing is frozen, and no root is
// needed. The mount points are real ones.
#include "engine/shadow/freezer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <new>
#include <thread>

#include "engine/io/unique_fd.h"
#include "engine/shadow/freeze_calls.h"
#include "engine/shadow/result_code.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

using namespace std::chrono_literals;
using shadow::result_code;

// --- The made-up kernel, in memory that every process of a test sees.

struct fake_file_system {
  std::atomic<std::uint64_t> device = 0;
  std::atomic<bool> is_frozen = false;
  std::atomic<int> answer = 0;              // of freeze
  std::atomic<bool> is_stuck = false;       // freeze comes back only when some thaw was asked for
  std::atomic<bool> is_slow = false;        // the same, and time passes
  std::atomic<int> frozen = 0, thawed = 0;  // how often, and at which step of all
  std::atomic<int> frozen_at = 0, thawed_at = 0;
};

struct fake_kernel {
  std::array<fake_file_system, 3> file_systems;
  std::atomic<std::int64_t> now = 1;
  std::atomic<int> steps = 0;
  std::atomic<int> thaws_asked = 0;
  std::atomic<pid_t> guardian = 0;  // parent of the process that thawed last
  std::atomic<pid_t> guardians_session = 0;
  pid_t test = 0;
};
fake_kernel* kernel = nullptr;

fake_file_system& of(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  for (auto& fs : kernel->file_systems) {
    if (fs.device == status.st_dev) return fs;
  }
  std::abort();
}

// Any limit passes. The guardian looks at the clock at least as often as its limits are long.
void pass_time() { kernel->now += std::chrono::nanoseconds(1h).count(); }

int fake_freeze(int fd) {
  auto& fs = of(fd);
  if (fs.is_slow) pass_time();
  while ((fs.is_slow || fs.is_stuck) && kernel->thaws_asked == 0) std::this_thread::sleep_for(1ms);
  if (fs.answer != 0) return fs.answer;
  if (fs.is_frozen.exchange(true)) return EBUSY;
  ++fs.frozen;
  fs.frozen_at = ++kernel->steps;
  return 0;
}

int fake_thaw(int fd) {
  auto& fs = of(fd);
  if (::getpid() != kernel->test) {
    kernel->guardian = ::getppid();
    kernel->guardians_session = ::getsid(0);
  }
  ++kernel->thaws_asked;
  if (!fs.is_frozen.exchange(false)) return EINVAL;
  ++fs.thawed;
  fs.thawed_at = ++kernel->steps;
  return 0;
}

constexpr shadow::freeze_calls fake_calls{[](int) { return 0; }, fake_freeze, fake_thaw, [] { return kernel->now.load(); }};

struct pipe_pair {
  pipe_pair() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    out.reset(ends[0]);
    in.reset(ends[1]);
  }
  // Until everybody closed the other end.
  std::string read_all() {
    in.reset();
    std::string text;
    char bytes[256];
    for (ssize_t n = 0; (n = ::read(out.get(), bytes, sizeof(bytes))) > 0;) text.append(bytes, static_cast<std::size_t>(n));
    return text;
  }
  std::string read_some() {
    char bytes[256];
    const auto n = ::read(out.get(), bytes, sizeof(bytes));
    return n > 0 ? std::string(bytes, static_cast<std::size_t>(n)) : "";
  }
  unique_fd out;
  unique_fd in;
};

template <class Condition>
void await(Condition condition) {
  while (!condition()) std::this_thread::sleep_for(1ms);
}

std::optional<result_code> code_of(const result<void>& r) {
  return r.has_error() ? std::optional(shadow::code_of(r.error())) : std::nullopt;
}

pid_t only_child() {
  std::ifstream children("/proc/thread-self/children");
  pid_t child = 0;
  pid_t another = 0;
  children >> child;
  return children >> another ? 0 : child;
}

struct freezer : ::testing::Test {
  static constexpr std::array<const char*, 3> mount_points{"/", "/proc", "/dev"};

  void SetUp() override {
    struct statx root {};
    ASSERT_EQ(::statx(AT_FDCWD, "/", 0, 0, &root), 0);
    const bool tells = (root.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
    if (tells && (root.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) GTEST_SKIP() << "/ is no mount point: a chroot in a folder";
    void* const page = ::mmap(nullptr, sizeof(fake_kernel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(page, MAP_FAILED);
    kernel = new (page) fake_kernel;
    kernel->test = ::getpid();
    for (std::size_t i = 0; i < mount_points.size(); ++i) {
      struct stat status {};
      ASSERT_EQ(::stat(mount_points[i], &status), 0);
      kernel->file_systems[i].device = status.st_dev;
    }
  }
  void TearDown() override {
    if (kernel != nullptr) ::munmap(kernel, sizeof(fake_kernel));
    kernel = nullptr;
  }

  fake_file_system& root() { return kernel->file_systems[0]; }
  fake_file_system& proc() { return kernel->file_systems[1]; }
  fake_file_system& dev() { return kernel->file_systems[2]; }
  static int frozen_now() {
    int n = 0;
    for (const auto& fs : kernel->file_systems) n += fs.is_frozen ? 1 : 0;
    return n;
  }

  shadow::freeze_request request{{"/", "/proc", "/dev"}, {}, "abort\n", 20ms, 20ms};
  std::unique_ptr<shadow::freezer> make() {
    auto made = shadow::make_freezer(request, fake_calls);
    if (made.has_error()) ADD_FAILURE() << made.error().message();
    return made.has_value() ? std::move(made).assume_value() : nullptr;
  }
};

TEST_F(freezer, freezes_what_was_mounted_last_first_and_thaws_it_last) {
  auto hold = make();
  ASSERT_TRUE(hold->freeze().has_value());
  EXPECT_EQ(frozen_now(), 3);
  EXPECT_EQ(hold->held(), 0us);
  kernel->now += 5000;
  ASSERT_TRUE(hold->thaw().has_value());
  EXPECT_EQ(frozen_now(), 0);
  EXPECT_EQ(hold->held(), 5us);
  EXPECT_LT(dev().frozen_at, proc().frozen_at);
  EXPECT_LT(proc().frozen_at, root().frozen_at);
  EXPECT_LT(root().frozen_at, root().thawed_at);
  EXPECT_LT(root().thawed_at, proc().thawed_at);
  EXPECT_LT(proc().thawed_at, dev().thawed_at);
  EXPECT_TRUE(hold->not_frozen().empty());
}

TEST_F(freezer, lists_what_cannot_be_frozen) {
  proc().answer = EOPNOTSUPP;
  auto hold = make();
  ASSERT_TRUE(hold->freeze().has_value());
  EXPECT_EQ(frozen_now(), 2);
  EXPECT_EQ(hold->not_frozen(), std::vector<std::string>{"/proc"});
  EXPECT_TRUE(hold->thaw().has_value());
  EXPECT_EQ(proc().thawed, 0);
}

TEST_F(freezer, thaws_everything_when_one_fails) {
  root().answer = EIO;
  auto hold = make();
  const auto failed = hold->freeze();
  ASSERT_TRUE(failed.has_error());
  EXPECT_EQ(failed.error().os_error(), EIO);
  EXPECT_NE(failed.error().text().find("/"), std::string::npos);
  EXPECT_EQ(dev().frozen, 1);
  EXPECT_EQ(frozen_now(), 0);
  EXPECT_TRUE(hold->thaw().has_value());
}

TEST_F(freezer, leaves_alone_what_somebody_else_froze) {
  proc().is_frozen = true;
  auto hold = make();
  const auto failed = hold->freeze();
  EXPECT_EQ(code_of(failed), result_code::e_volume_in_use);
  EXPECT_TRUE(proc().is_frozen);
  EXPECT_FALSE(dev().is_frozen);
  EXPECT_EQ(root().frozen, 0);
}

TEST_F(freezer, is_used_once) {
  auto hold = make();
  EXPECT_TRUE(hold->thaw().has_value());  // nothing is held
  ASSERT_TRUE(hold->freeze().has_value());
  EXPECT_EQ(code_of(hold->freeze()), result_code::e_bad_state);
  EXPECT_EQ(frozen_now(), 3);
  EXPECT_TRUE(hold->thaw().has_value());
  EXPECT_EQ(code_of(hold->freeze()), result_code::e_bad_state);
  EXPECT_EQ(frozen_now(), 0);
  ASSERT_TRUE(hold->begin_writers().has_value());
  EXPECT_EQ(code_of(hold->begin_writers()), result_code::e_bad_state);
  EXPECT_TRUE(hold->end_writers().has_value());
  EXPECT_EQ(code_of(hold->begin_writers()), result_code::e_bad_state);
}

TEST_F(freezer, thaws_when_it_is_destroyed) {
  auto hold = make();
  ASSERT_TRUE(hold->freeze().has_value());
  hold.reset();
  EXPECT_EQ(frozen_now(), 0);
}

TEST_F(freezer, freezes_a_file_system_once_however_often_it_is_named) {
  request.mount_points = {"/", "/", "/proc", "/."};
  auto hold = make();
  ASSERT_TRUE(hold->freeze().has_value());
  EXPECT_EQ(root().frozen, 1);
  EXPECT_TRUE(hold->thaw().has_value());
}

TEST_F(freezer, refuses_what_is_no_mount_point) {
  const temp_dir folder;
  request.mount_points = {folder.string()};
  const auto refused = shadow::make_freezer(request, fake_calls);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code(), errc::usage);
  request.mount_points = {folder.at("missing")};
  const auto missing = shadow::make_freezer(request, fake_calls);
  ASSERT_TRUE(missing.has_error());
  EXPECT_EQ(missing.error().code(), errc::not_found);
}

TEST_F(freezer, refuses_an_abort_line_that_a_pipe_may_not_take_whole) {
  request.abort_line.assign(257, 'x');
  const auto refused = shadow::make_freezer(request, fake_calls);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code(), errc::usage);
}

TEST_F(freezer, tells_when_somebody_else_thawed) {
  auto hold = make();
  ASSERT_TRUE(hold->freeze().has_value());
  proc().is_frozen = false;
  EXPECT_EQ(code_of(hold->thaw()), result_code::e_hold_writes_timeout);
  EXPECT_EQ(frozen_now(), 0);
}

TEST_F(freezer, the_guardian_thaws_when_the_limit_passes) {
  auto hold = make();
  ASSERT_TRUE(hold->freeze().has_value());
  pass_time();
  await([] { return frozen_now() == 0; });
  EXPECT_EQ(code_of(hold->thaw()), result_code::e_hold_writes_timeout);
  EXPECT_EQ(frozen_now(), 0);
  EXPECT_NE(kernel->guardians_session, ::getsid(0));  // Ctrl-C does not reach it
}

TEST_F(freezer, the_guardian_does_not_wait_for_a_freeze_that_takes_too_long) {
  root().is_slow = true;
  auto hold = make();
  EXPECT_EQ(code_of(hold->freeze()), result_code::e_flush_writes_timeout);
  EXPECT_EQ(frozen_now(), 0);
  EXPECT_EQ(dev().thawed, 1);
}

TEST_F(freezer, writers_that_are_in_time_hear_nothing) {
  pipe_pair writer;
  request.abort_descriptors = {writer.in.get()};
  auto hold = make();
  ASSERT_TRUE(hold->begin_writers().has_value());
  ASSERT_TRUE(hold->freeze().has_value());
  ASSERT_TRUE(hold->thaw().has_value());
  EXPECT_TRUE(hold->end_writers().has_value());
  hold.reset();
  EXPECT_EQ(writer.read_all(), "");
}

TEST_F(freezer, writers_that_are_late_are_aborted_each_once) {
  pipe_pair first;
  pipe_pair second;
  request.abort_descriptors = {first.in.get(), second.in.get()};
  auto hold = make();
  ASSERT_TRUE(hold->begin_writers().has_value());
  pass_time();
  EXPECT_EQ(first.read_some(), "abort\n");
  EXPECT_EQ(second.read_some(), "abort\n");
  EXPECT_EQ(code_of(hold->end_writers()), result_code::e_writererror_timeout);
  hold.reset();
  EXPECT_EQ(first.read_all(), "");
  EXPECT_EQ(second.read_all(), "");
}

TEST_F(freezer, a_writer_that_does_not_read_does_not_keep_others_waiting) {
  pipe_pair full;
  pipe_pair other;
  ASSERT_EQ(::fcntl(full.in.get(), F_SETFL, O_NONBLOCK), 0);
  const std::string page(4096, 'x');
  while (::write(full.in.get(), page.data(), page.size()) > 0) {
  }
  ASSERT_EQ(::fcntl(full.in.get(), F_SETFL, 0), 0);
  request.abort_descriptors = {full.in.get(), other.in.get()};
  auto hold = make();
  ASSERT_TRUE(hold->begin_writers().has_value());
  pass_time();
  EXPECT_EQ(other.read_some(), "abort\n");
}

TEST_F(freezer, does_not_begin_without_its_guardian) {
  auto hold = make();
  // Found without a thaw: a helper on its way would outlive the guardian, and have another parent by then.
  const pid_t guardian = only_child();
  ASSERT_GT(guardian, 0);
  ASSERT_EQ(::kill(guardian, SIGKILL), 0);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(guardian), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(code_of(hold->begin_writers()), result_code::e_unexpected);
}

// --- The session is a process of its own, which comes to grief. It answers 0 if all went as `act` expected.

struct doomed_session {
  template <class Act>
  doomed_session(const shadow::freeze_request& request, Act act) {
    pid = ::fork();
    if (pid != 0) return;
    auto made = shadow::make_freezer(request, fake_calls);
    ::_exit(made.has_value() ? act(*made.value()) : 99);
  }
  ~doomed_session() { kill_it(); }
  doomed_session(const doomed_session&) = delete;
  doomed_session& operator=(const doomed_session&) = delete;

  void kill_it() {
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    pid = 0;
  }
  int exit_code() {
    int status = 0;
    ::waitpid(pid, &status, 0);
    pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  pid_t pid = 0;
};

TEST_F(freezer, the_guardian_thaws_and_aborts_when_the_session_is_killed) {
  pipe_pair writer;
  request.abort_descriptors = {writer.in.get()};
  doomed_session session(request, [](shadow::freezer& hold) {
    if (hold.begin_writers().has_error() || hold.freeze().has_error()) return 1;
    ::pause();
    return 2;
  });
  await([] { return frozen_now() == 3; });
  session.kill_it();
  EXPECT_EQ(writer.read_all(), "abort\n");  // and the guardian has ended, or its end of the pipe would be open
  EXPECT_EQ(frozen_now(), 0);
}

TEST_F(freezer, the_guardian_thaws_when_the_session_is_killed_within_a_freeze) {
  pipe_pair life;
  request.abort_descriptors = {life.in.get()};
  doomed_session session(request, [](shadow::freezer& hold) {
    kernel->file_systems[1].is_stuck = true;
    return hold.freeze().has_error() ? 1 : 2;
  });
  await([] { return frozen_now() == 1; });
  session.kill_it();
  EXPECT_EQ(life.read_all(), "");  // no writer was held
  EXPECT_EQ(frozen_now(), 0);
}

TEST_F(freezer, a_session_that_was_stopped_learns_that_it_came_too_late) {
  pipe_pair writer;
  request.abort_descriptors = {writer.in.get()};
  doomed_session session(request, [](shadow::freezer& hold) {
    if (hold.begin_writers().has_error() || hold.freeze().has_error()) return 1;
    ::raise(SIGSTOP);
    if (code_of(hold.thaw()) != result_code::e_hold_writes_timeout) return 2;
    if (code_of(hold.end_writers()) != result_code::e_writererror_timeout) return 3;
    return 0;
  });
  int status = 0;
  ASSERT_EQ(::waitpid(session.pid, &status, WUNTRACED), session.pid);
  ASSERT_TRUE(WIFSTOPPED(status)) << status;
  pass_time();
  EXPECT_EQ(writer.read_some(), "abort\n");
  await([] { return frozen_now() == 0; });
  ASSERT_EQ(::kill(session.pid, SIGCONT), 0);
  EXPECT_EQ(session.exit_code(), 0);
}

TEST_F(freezer, what_is_frozen_after_the_guardian_acted_is_thawed_again) {
  doomed_session session(request, [](shadow::freezer& hold) {
    if (hold.freeze().has_error()) return 1;
    ::raise(SIGSTOP);
    return 0;
  });
  int status = 0;
  ASSERT_EQ(::waitpid(session.pid, &status, WUNTRACED), session.pid);
  ASSERT_TRUE(WIFSTOPPED(status)) << status;
  pass_time();
  await([] { return frozen_now() == 0; });
  root().is_frozen = true;  // as a freeze in flight would have it that ends only now
  await([] { return frozen_now() == 0; });
  session.kill_it();
}

TEST_F(freezer, a_session_that_ends_without_a_word_leaves_nothing_frozen) {
  pipe_pair writer;
  request.abort_descriptors = {writer.in.get()};
  doomed_session session(request, [](shadow::freezer& hold) { return hold.freeze().has_error() ? 1 : 0; });
  EXPECT_EQ(session.exit_code(), 0);
  EXPECT_EQ(writer.read_all(), "");
  EXPECT_EQ(frozen_now(), 0);
}

}  // namespace
}  // namespace umbra::test
