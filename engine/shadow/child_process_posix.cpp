// SPDX-License-Identifier: GPL-3.0-or-later
// posix_spawn rather than fork: other threads run while a child is started. A group is signalled only while its leader is not
// reaped, so that the number cannot belong to anybody else.
#include "engine/shadow/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>

#include <fmt/format.h>

namespace umbra::shadow {
namespace {

using clock = std::chrono::steady_clock;

struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

// Above the standard streams, which a process may have been started without.
result<unique_fd> above_standard(unique_fd fd) {
  constexpr int first_free = 3;
  if (fd.get() >= first_free) return fd;
  unique_fd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, first_free));
  if (!high.is_open()) return os_failure(errc::internal, "cannot move a pipe");
  return high;
}

result<pipe_ends> make_pipe() {
  std::array<int, 2> fds{-1, -1};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return os_failure(errc::internal, "cannot make a pipe");
  unique_fd read(fds[0]);
  unique_fd write(fds[1]);
  pipe_ends ends;
  TRY(ends.read, above_standard(std::move(read)));
  TRY(ends.write, above_standard(std::move(write)));
  return ends;
}

result<void> make_nonblocking(const unique_fd& fd) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) return os_failure(errc::internal, "cannot set up a pipe");
  return success();
}

class spawn_setup {
 public:
  spawn_setup() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~spawn_setup() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  spawn_setup(const spawn_setup&) = delete;
  spawn_setup& operator=(const spawn_setup&) = delete;

  // errno of the first call that failed; 0: none.
  int prepare(int in, int out, int err) {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    constexpr short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    constexpr int first_other = 3;
    int failed = 0;
    const auto note = [&failed](int e) { failed = failed == 0 ? e : failed; };
    note(::posix_spawnattr_setflags(&attributes_, flags));
    note(::posix_spawnattr_setpgroup(&attributes_, 0));
    note(::posix_spawnattr_setsigmask(&attributes_, &none));
    note(::posix_spawnattr_setsigdefault(&attributes_, &all));
    note(::posix_spawn_file_actions_adddup2(&actions_, in, STDIN_FILENO));
    note(::posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO));
    note(::posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO));
    note(::posix_spawn_file_actions_addclosefrom_np(&actions_, first_other));
    note(::posix_spawn_file_actions_addchdir_np(&actions_, "/"));
    return failed;
  }

  int spawn(pid_t& pid, const child_command& command) {
    auto arguments = pointers(command.arguments);
    auto environment = pointers(command.environment);
    return ::posix_spawn(&pid, arguments[0], &actions_, &attributes_, arguments.data(), environment.data());
  }

 private:
  // exec does not change them, its declaration only cannot say so.
  static std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
  }

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

class spin_guard {
 public:
  explicit spin_guard(std::atomic_flag& flag) : flag_(flag) {
    while (flag_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
  }
  ~spin_guard() { flag_.clear(std::memory_order_release); }
  spin_guard(const spin_guard&) = delete;
  spin_guard& operator=(const spin_guard&) = delete;

 private:
  std::atomic_flag& flag_;
};

}  // namespace

result<std::unique_ptr<child_process>> child_process::start(const child_command& command) {
  TRY(auto in, make_pipe());
  TRY(auto out, make_pipe());
  TRY(auto err, make_pipe());
  for (const auto* ours : {&in.write, &out.read, &err.read}) CHECK(make_nonblocking(*ours));
  spawn_setup setup;
  int failed = setup.prepare(in.read.get(), out.write.get(), err.write.get());
  pid_t pid = -1;
  if (failed == 0) failed = setup.spawn(pid, command);
  if (failed != 0) return os_failure(errc::internal, "cannot start it", failed);
  return std::unique_ptr<child_process>(new child_process(pid, std::move(in.write), std::move(out.read), std::move(err.read)));
}

child_process::child_process(int pid, unique_fd input, unique_fd output, unique_fd errors)
    : pid_(pid), input_(std::move(input)), output_(std::move(output)), errors_(std::move(errors)) {}

child_process::~child_process() { (void)end({}, {}); }

// `wait` leaves the leader unreaped: end() still needs its number.
bool child_process::wait(std::chrono::milliseconds at_most) {
  constexpr std::chrono::milliseconds pause{5};
  const auto until = clock::now() + at_most;
  while (true) {
    if (reaped_) return true;
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_) {
      // As wait() would put it: fate() reads one form.
      status_ = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
      return true;
    }
    if (clock::now() >= until) return false;
    std::this_thread::sleep_for(pause);
  }
}

void child_process::signal_group(int signal) noexcept {
  const spin_guard guard(busy_);
  if (!reaped_) ::kill(-pid_, signal);
}

void child_process::terminate() noexcept { signal_group(SIGTERM); }

bool child_process::end(std::chrono::milliseconds by_itself, std::chrono::milliseconds after_term) {
  if (reaped_) return WIFEXITED(status_);
  input_.reset();
  if (!wait(by_itself)) {
    signal_group(SIGTERM);
    (void)wait(after_term);
  }
  signal_group(SIGKILL);  // the leader if it is still there, and what it left behind
  reap();
  output_.reset();
  errors_.reset();
  return WIFEXITED(status_);
}

void child_process::reap() {
  int status = 0;
  while (true) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) == 0 || errno != EINTR) break;
  }
  const spin_guard guard(busy_);
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  status_ = status;
  reaped_ = true;
}

std::string child_process::fate() const {
  if (WIFEXITED(status_)) return fmt::format("ended with exit code {}", WEXITSTATUS(status_));
  const int signal = WTERMSIG(status_);
  const char* name = ::sigdescr_np(signal);
  return fmt::format("was ended by signal {} ({})", signal, name != nullptr ? name : "unknown");
}

pipe_moved write_to_pipe(int fd, std::string_view bytes) noexcept {
  sigset_t pipe_signal;
  sigset_t before;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  ssize_t n = -1;
  do {
    n = ::write(fd, bytes.data(), bytes.size());
  } while (n < 0 && errno == EINTR);
  pipe_moved moved;
  if (n >= 0) {
    moved.bytes = static_cast<std::size_t>(n);
  } else {
    moved.os_error = errno;
  }
  if (moved.os_error == EPIPE && ::sigismember(&before, SIGPIPE) == 0) {
    constexpr timespec at_once{};
    while (::sigtimedwait(&pipe_signal, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return moved;
}

}  // namespace umbra::shadow
