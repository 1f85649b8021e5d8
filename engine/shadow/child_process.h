// SPDX-License-Identifier: GPL-3.0-or-later
// A program started with pipes on its three standard streams, in a process group and an environment of its own. Nothing of this
// process leaks into it: no other descriptor, no signal mask, no variable. Only *_posix.cpp files include this.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/io/unique_fd.h"

namespace umbra::shadow {

struct child_command {
  std::vector<std::string> arguments;    // the program's absolute path first
  std::vector<std::string> environment;  // "NAME=value": all that it gets
};

// One thread at a time, except for terminate(). Destroying it kills and reaps the group if end() did not before.
class child_process {
 public:
  // errc::not_found, errc::denied and so on if it cannot be started. It runs in "/".
  static result<std::unique_ptr<child_process>> start(const child_command& command);
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  // Our ends; none of them blocks. -1 once closed.
  int input() const { return input_.get(); }
  int output() const { return output_.get(); }
  int errors() const { return errors_.get(); }
  void close_input() { input_.reset(); }

  // Waits at most that long; true if it is over (it may already have been).
  bool wait(std::chrono::milliseconds at_most);
  // To the whole group, from any thread while the object lives.
  void terminate() noexcept;
  // Closes its input, and ends whatever is then still there: after `by_itself` with SIGTERM, `after_term` later with SIGKILL.
  // What is left of its group goes with it. True if it ended with an exit code, not by a signal.
  bool end(std::chrono::milliseconds by_itself, std::chrono::milliseconds after_term);

  // Once it is over: "ended with exit code 3", "was ended by signal 9 (Killed)".
  std::string fate() const;

 private:
  child_process(int pid, unique_fd input, unique_fd output, unique_fd errors);
  void signal_group(int signal) noexcept;
  void reap();

  // set before start
  const int pid_;
  unique_fd input_;
  unique_fd output_;
  unique_fd errors_;
  // atomic: terminate() must not meet a number that is no longer ours
  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
  bool reaped_ = false;  // guarded by busy_
  int status_ = 0;
};

// What a write to a pipe or the like moved: bytes, or the errno. SIGPIPE never reaches the process.
struct pipe_moved {
  std::size_t bytes = 0;
  int os_error = 0;
};
pipe_moved write_to_pipe(int fd, std::string_view bytes) noexcept;

}  // namespace umbra::shadow
