// SPDX-License-Identifier: GPL-3.0-or-later
// What runs after the fork uses only calls that are safe in a signal handler, and memory that was there before: the process it
// was forked from may have had any lock taken by any thread.
//
// A thaw can block, behind a freeze that is still writing its file system out (both take the same lock), or on a file system
// below that is frozen as well. So each is thawed by a process of its own, all at the same time. While the session may still
// have a freeze in flight, that is until it says so or is dead, they are thawed again and again.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <span>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "engine/io/unique_fd.h"
#include "engine/shadow/guardian.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

constexpr std::int64_t millisecond = 1'000'000;
constexpr std::int64_t again_after = 100 * millisecond;

// --- In the guardian.

// One file system or writer, and what was done for it.
struct charge {
  int fd = -1;
  pid_t helper = 0;  // the process that thaws it; 0: none
  bool is_told = false;
};

struct watch {
  guardian_book* book = nullptr;
  freeze_calls calls;
  std::span<charge> file_systems;
  std::span<charge> writers;
  std::string_view abort_line;
  int line = -1;     // to the session: a byte for each wake(), end of file when it is gone
  int session = -1;  // pidfd; -1 on kernels without
};

// As deep as it goes: older kernels let freezes nest.
void thaw_wholly(const watch& w, int fd) {
  while (w.calls.thaw(fd) == 0) {
  }
}

void reap(charge& c, int options) {
  if (c.helper == 0) return;
  const pid_t ended = ::waitpid(c.helper, nullptr, options);
  if (ended == c.helper || (ended < 0 && errno != EINTR)) c.helper = 0;
}

void thaw_all(const watch& w) {
  for (auto& c : w.file_systems) {
    reap(c, WNOHANG);
    if (c.helper != 0) continue;
    c.helper = ::_Fork();
    if (c.helper == 0) {
      // A helper that hangs must not look to the session like a guardian that lives.
      ::close(w.line);
      thaw_wholly(w, c.fd);
      ::_exit(0);
    }
    if (c.helper > 0) continue;
    c.helper = 0;
    thaw_wholly(w, c.fd);
  }
}

// Never blocks: a writer that does not read its pipe must not keep others from being told.
void tell_writers(const watch& w) {
  for (auto& c : w.writers) {
    pollfd ready{c.fd, POLLOUT, 0};
    if (c.is_told || ::poll(&ready, 1, 0) != 1) continue;
    c.is_told = ::write(c.fd, w.abort_line.data(), w.abort_line.size()) >= 0 || (errno != EAGAIN && errno != EINTR);
  }
}

// True while something is held that the session should have let go, or can no longer.
bool is_due(const watch& w, const std::atomic<std::int64_t>& until, bool is_gone) {
  const auto deadline = until.load();
  return deadline != 0 && (is_gone || deadline <= w.calls.now());
}

void act(const watch& w, bool is_gone) {
  if (is_due(w, w.book->hold_until, is_gone)) {
    decide(w.book->hold, verdict::broken);
    thaw_all(w);
  }
  if (is_due(w, w.book->writers_until, is_gone)) {
    decide(w.book->writers, verdict::broken);
    // A session that was in time and is only slow to say so has let its writers go.
    if (is_gone || w.book->writers.load() == verdict::broken) tell_writers(w);
  }
}

// Milliseconds until there is something to do; -1: until woken.
int patience(const watch& w) {
  const auto now = w.calls.now();
  std::int64_t wait = -1;
  for (const auto* until : {&w.book->hold_until, &w.book->writers_until}) {
    const auto deadline = until->load();
    if (deadline == 0) continue;
    const auto left = deadline <= now ? again_after : deadline - now;
    if (wait < 0 || left < wait) wait = left;
  }
  return wait < 0 ? -1 : static_cast<int>(std::min<std::int64_t>(wait / millisecond + 1, 60'000));
}

// Waits for news; true once the session is gone, or said that all is over and closed its end.
bool is_session_gone(const watch& w) {
  pollfd news[] = {{w.line, POLLIN, 0}, {w.session, POLLIN, 0}};
  if (::poll(news, 2, patience(w)) <= 0) return false;
  if (news[1].revents != 0) return true;
  if (news[0].revents == 0) return false;
  char bytes[64];
  const auto n = ::recv(w.line, bytes, sizeof(bytes), MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

void await_helpers(const watch& w) {
  for (auto& c : w.file_systems) reap(c, 0);
}

[[noreturn]] void keep_watch(const watch& w) {
  while (!is_session_gone(w)) act(w, false);
  if (!w.book->is_over.load()) {
    act(w, true);
    // Helpers of before may have come too early for a freeze in flight. Now there is none: what is thawed stays so.
    await_helpers(w);
    act(w, true);
  }
  await_helpers(w);
  ::_exit(0);
}

void write_file(const char* path, std::string_view text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] const auto n = ::write(fd, text.data(), text.size());
  ::close(fd);
}

// `keep` is sorted. What the session has open must end with the session: locks, pipes of writers, a terminal.
void close_all_but(std::span<const int> keep) {
  unsigned from = 0;
  const auto close_to = [&](unsigned end) {
    if (from < end) ::syscall(SYS_close_range, from, end - 1, 0U);
  };
  for (const int fd : keep) {
    close_to(static_cast<unsigned>(fd));
    from = static_cast<unsigned>(fd) + 1;
  }
  close_to(~0U);
}

void settle(std::span<const int> keep) {
  ::setsid();
  ::prctl(PR_SET_NAME, "umbra-guardian");
  write_file("/proc/self/oom_score_adj", "-1000");
  close_all_but(keep);
  // Only what is in memory, and what comes: a whole copy of the session's memory would be worse than a page fault.
  ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

// --- In the session.

error no_guardian(const char* step, int why = errno) {
  return failure(result_code::e_unexpected, fmt::format("the guardian that thaws file systems cannot be started: {}: {}", step,
                                                        std::system_category().message(why)));
}

class forked_guardian final : public guardian {
 public:
  explicit forked_guardian(guardian_task task) : task_(std::move(task)) {}
  forked_guardian(const forked_guardian&) = delete;
  forked_guardian& operator=(const forked_guardian&) = delete;

  ~forked_guardian() override {
    if (book_ != nullptr) book_->is_over = true;
    line_.reset();
    while (pid_ > 0 && ::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (book_ != nullptr) ::munmap(book_, sizeof(guardian_book));
  }

  result<void> start() {
    void* const page =
        ::mmap(nullptr, sizeof(guardian_book), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (page == MAP_FAILED) return no_guardian("memory");
    book_ = new (page) guardian_book;
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return no_guardian("socket");
    line_.reset(ends[0]);
    const unique_fd guardians_end(ends[1]);
    const unique_fd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
    CHECK(fork_with(guardians_end.get(), self.get()));
    return await_readiness();
  }

  guardian_book& book() noexcept override { return *book_; }

  result<void> wake() override {
    const char byte = 0;
    for (;;) {
      // A full line means that it has enough to wake up for.
      if (::send(line_.get(), &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 || errno == EAGAIN) return success();
      if (errno != EINTR) return failure(result_code::e_unexpected, "the guardian that thaws file systems is gone");
    }
  }

 private:
  result<void> fork_with(int line, int session) {
    for (const int fd : task_.file_systems) file_systems_.push_back({fd});
    for (const int fd : task_.abort_descriptors) writers_.push_back({fd});
    watch w{book_, task_.calls, file_systems_, writers_, task_.abort_line, line, session};
    std::vector<int> keep{line};
    if (session >= 0) keep.push_back(session);
    keep.insert(keep.end(), task_.file_systems.begin(), task_.file_systems.end());
    keep.insert(keep.end(), task_.abort_descriptors.begin(), task_.abort_descriptors.end());
    std::ranges::sort(keep);

    // No handler of the session's may run in the child, and no signal but those two that nobody can block ends it.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(line_.get());
      settle(keep);
      const char ready = 1;
      if (::write(line, &ready, 1) != 1) ::_exit(1);
      keep_watch(w);
    }
    const int why = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid_ < 0) return no_guardian("fork", why);
    return success();
  }

  result<void> await_readiness() {
    char ready = 0;
    ssize_t n = 0;
    do n = ::recv(line_.get(), &ready, 1, 0);
    while (n < 0 && errno == EINTR);
    if (n != 1) return no_guardian("it ended at once", ECHILD);
    return success();
  }

  guardian_task task_;
  std::vector<charge> file_systems_;
  std::vector<charge> writers_;
  guardian_book* book_ = nullptr;
  unique_fd line_;
  pid_t pid_ = 0;
};

}  // namespace

result<std::unique_ptr<guardian>> start_guardian(guardian_task task) {
  auto started = std::make_unique<forked_guardian>(std::move(task));
  CHECK(started->start());
  return std::unique_ptr<guardian>(std::move(started));
}

}  // namespace umbra::shadow
