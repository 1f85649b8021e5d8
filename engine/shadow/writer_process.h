// SPDX-License-Identifier: GPL-3.0-or-later
// A running executable of writers.d, seen as lines: one out, one back, with limits on all that it prints. Knows nothing of what
// the lines mean. Only *_posix.cpp files include this.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "engine/shadow/child_process.h"

namespace umbra::shadow {

// One thread at a time, except for cancel().
class writer_process {
 public:
  struct limits {
    std::chrono::milliseconds by_itself = std::chrono::seconds(2);   // from the end of its input to SIGTERM
    std::chrono::milliseconds after_term = std::chrono::seconds(3);  // from SIGTERM to SIGKILL
    std::size_t output = 1 << 20;                                    // bytes it may print for one line of ours
  };

  static result<std::unique_ptr<writer_process>> start(const child_command& command, const limits& l);
  // Ends it as stop() does.
  ~writer_process();
  writer_process(const writer_process&) = delete;
  writer_process& operator=(const writer_process&) = delete;

  // Forgets a cancel() that came when nothing was in progress.
  void begin();
  // A line that is there already, without its end; never blocks.
  result<std::optional<std::string>> pending();
  // Writes `line`, which ends with its "\n", while reading what comes.
  result<void> send(std::string_view line, std::chrono::steady_clock::time_point until);
  // The next line, without its end.
  result<std::string> receive(std::chrono::steady_clock::time_point until);
  // Each of these fails with the code of the result: e_writererror_timeout after cancel() or `until`, e_writererror_retryable if
  // the program ended or closed a pipe, e_writererror_nonretryable if it prints more than it may.

  // From any thread: a call in progress comes back soon, with an error.
  void cancel() noexcept;
  // Nothing more comes from it: its input ends, then it is ended. Its last words stay.
  void stop();
  // The same without waiting for it to end by itself.
  void stop_now();
  // Ended by a signal it did not handle: no clean-up of its own has run to its end.
  bool was_killed() const { return killed_; }

  // What it wrote to standard error since forget_words(), the end of it, as one line; empty if nothing.
  std::string last_words() const;
  void forget_words() { words_.clear(); }
  int input() const { return child_->input(); }

 private:
  explicit writer_process(const limits& l) : limits_(l) {}
  template <class Done>
  result<void> pump(std::chrono::steady_clock::time_point until, Done done);
  result<bool> wait_for_pipes(std::chrono::steady_clock::time_point until);
  result<void> take_output();
  void take_errors();
  result<void> put_input();
  std::optional<std::string> take_line();
  error gone(std::string_view how);
  void finish(std::chrono::milliseconds by_itself);

  // set before start
  const limits limits_;
  std::unique_ptr<child_process> child_;
  unique_fd wake_read_;
  unique_fd wake_write_;
  // of the calling thread
  std::string outgoing_;
  std::string incoming_;
  std::string words_;
  bool output_open_ = true;
  bool errors_open_ = true;
  bool input_broken_ = false;
  bool killed_ = false;
  // atomic
  std::atomic<bool> cancelled_ = false;
};

}  // namespace umbra::shadow
