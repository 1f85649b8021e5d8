// SPDX-License-Identifier: GPL-3.0-or-later
// A writer that is a program: an executable of writers.d, started once for a session, speaking writer_protocol.h. It lives as
// long as this object; the end of its standard input means that nobody needs it any longer, and that whatever it holds goes on.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/shadow/writer.h"

namespace umbra::shadow {

class writer_process;
struct writer_answer;

struct writer_program {
  std::vector<std::string> command;      // absolute path first
  std::vector<std::string> environment;  // "NAME=value", beside the few that every program gets
};

struct process_writer_limits {
  std::chrono::milliseconds hello = std::chrono::seconds(10);      // from its start to its answer
  std::chrono::milliseconds by_itself = std::chrono::seconds(2);   // from the end of its input to SIGTERM
  std::chrono::milliseconds after_term = std::chrono::seconds(3);  // from SIGTERM to SIGKILL
};

// A program that breaks the protocol, ends, is cancelled, or fails at abort is ended at once, for it may hold something still;
// every later event but abort and backup_shutdown fails and says why. Its standard error is shown with its failures.
class process_writer : public writer {
 public:
  // Starts it, says hello, and does not wait for it: greet() does.
  static result<std::shared_ptr<process_writer>> start(const writer_program& program, const process_writer_limits& limits = {});
  ~process_writer() override;

  // Hears its answer to hello; before anything else, once. The time for it runs from the start, so that programs that are started
  // together are waited for together. False: it says that there is nothing for it to do on this machine.
  result<bool> greet(const guid& instance);

  const writer_identity& identity() const override { return identity_; }
  std::chrono::milliseconds freeze_timeout() const override { return freeze_timeout_; }
  std::chrono::milliseconds event_timeout() const override { return event_timeout_; }
  result<writer_metadata> identify(const writer_session& session) override;
  result<void> handle(const writer_call& call) override;
  result_code application_code() const override { return application_; }
  void cancel() noexcept override;
  int abort_descriptor() const noexcept override;

 protected:
  explicit process_writer(const process_writer_limits& limits);
  result<void> launch(const writer_program& program);
  // It is not there any more.
  bool is_gone() const { return !gone_.empty(); }
  // It ended, or was ended, without having come to its own end.
  bool was_killed() const;
  void stop();

 private:
  result<writer_answer> ask(std::string_view about, const std::string& request, std::chrono::milliseconds at_most);
  result<void> drain(std::string_view about);
  result<writer_answer> answer_to(std::string_view about, std::chrono::steady_clock::time_point until);
  error lost(error why);
  error refused(const writer_failure& why);
  error with_words(error why) const;

  // set before start
  const process_writer_limits limits_;
  std::unique_ptr<writer_process> process_;
  writer_identity identity_;
  std::chrono::steady_clock::time_point hello_until_;
  std::chrono::milliseconds freeze_timeout_ = std::chrono::seconds(60);
  std::chrono::milliseconds event_timeout_ = std::chrono::minutes(10);
  // of the calling thread
  std::string gone_;       // why it is not there any more
  bool released_ = false;  // the guardian told it to go on
  result_code application_ = result_code::s_ok;
};

// PATH, LC_ALL and HOME, then `more`.
std::vector<std::string> writer_environment(const std::vector<std::string>& more);

}  // namespace umbra::shadow
