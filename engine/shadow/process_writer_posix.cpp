// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/process_writer.h"

#include <fmt/format.h>

#include "engine/shadow/plain_text.h"
#include "engine/shadow/writer_process.h"
#include "engine/shadow/writer_protocol.h"

namespace umbra::shadow {
namespace {

using clock = std::chrono::steady_clock;

// The coordinator limits events and cancels; this is only there so that no call can last for ever.
constexpr std::chrono::milliseconds longest_event = std::chrono::hours(24);
constexpr std::size_t shown = 40;

error answered_wrongly(std::string text) { return failure(result_code::e_writererror_nonretryable, std::move(text)); }

}  // namespace

std::vector<std::string> writer_environment(const std::vector<std::string>& more) {
  std::vector<std::string> all{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

process_writer::process_writer(const process_writer_limits& limits) : limits_(limits) {}
process_writer::~process_writer() = default;

result<std::shared_ptr<process_writer>> process_writer::start(const writer_program& program,
                                                              const process_writer_limits& limits) {
  std::shared_ptr<process_writer> made(new process_writer(limits));
  CHECK(made->launch(program));
  return made;
}

result<void> process_writer::launch(const writer_program& program) {
  writer_process::limits l;
  l.by_itself = limits_.by_itself;
  l.after_term = limits_.after_term;
  l.output = answer_size_limit;
  TRY(process_, writer_process::start({program.command, writer_environment(program.environment)}, l));
  hello_until_ = clock::now() + limits_.hello;
  // The pipe takes it at once. What goes wrong shows in greet().
  static_cast<void>(process_->send(hello_request(), clock::now()));
  return success();
}

result<bool> process_writer::greet(const guid& instance) {
  auto heard = answer_to("hello", hello_until_);
  if (heard.has_error()) return lost(std::move(heard).assume_error());
  const auto& answer = heard.assume_value();
  if (!answer.ok) return lost(failure(answer.failure.code, answer.failure.text));
  auto read = hello_in(answer);
  if (read.has_error()) return lost(std::move(read).assume_error());
  auto hello = std::move(read).assume_value();
  if (hello.absent) return false;
  identity_ = std::move(hello.identity);
  if (identity_.instance_id.is_none()) identity_.instance_id = instance;
  freeze_timeout_ = hello.freeze_timeout;
  event_timeout_ = hello.event_timeout;
  return true;
}

result<writer_metadata> process_writer::identify(const writer_session& session) {
  application_ = result_code::s_ok;
  const auto request = event_request(event::identify, session, nullptr);
  TRY(const auto answer, ask(name_of(event::identify), request, longest_event));
  if (!answer.ok) return refused(answer.failure);
  auto metadata = metadata_in(answer, identity_);
  if (metadata.has_error()) return with_words(std::move(metadata).assume_error());
  process_->forget_words();
  return metadata;
}

result<void> process_writer::handle(const writer_call& call) {
  // Whoever is gone holds nothing: its end was awaited.
  if (is_gone() && (call.what == event::abort || call.what == event::backup_shutdown)) return success();
  application_ = result_code::s_ok;
  if (call.what == event::freeze) released_ = false;
  TRY(const auto answer, ask(name_of(call.what), event_request(call.what, call.session, &call.components), longest_event));
  if (call.what == event::thaw && released_)
    return with_words(failure(result_code::e_writererror_timeout, "was told to go on before its thaw: it was held for too long"));
  auto edited = apply_edits(answer, call.what, call.session, call.components);
  if (!answer.ok && call.what == event::abort) stop();  // it may hold something still, and nobody asks it again
  // A refusal matters more than edits that are wrong.
  if (!answer.ok) return refused(answer.failure);
  if (edited.has_error()) return with_words(std::move(edited).assume_error());
  process_->forget_words();
  return success();
}

void process_writer::cancel() noexcept { process_->cancel(); }
int process_writer::abort_descriptor() const noexcept { return process_->input(); }
bool process_writer::was_killed() const { return process_->was_killed(); }

void process_writer::stop() {
  process_->stop();
  if (gone_.empty()) gone_ = "it was ended";
}

result<writer_answer> process_writer::ask(std::string_view about, const std::string& request, std::chrono::milliseconds at_most) {
  if (is_gone()) return failure(result_code::e_writererror_nonretryable, fmt::format("is not there any more: {}", gone_));
  process_->begin();
  const auto until = clock::now() + at_most;
  if (auto unasked = drain(about); unasked.has_error()) return lost(std::move(unasked).assume_error());
  if (auto sent = process_->send(request, until); sent.has_error()) return lost(std::move(sent).assume_error());
  auto answer = answer_to(about, until);
  if (answer.has_error()) return lost(std::move(answer).assume_error());
  return answer;
}

// What came without having been asked for. Only the guardian may have asked for something in between.
result<void> process_writer::drain(std::string_view about) {
  while (true) {
    TRY(const auto line, process_->pending());
    if (!line) return success();
    TRY(const auto answer, parse_answer(*line));
    if (answer.about != name_of(event::abort))
      return answered_wrongly(fmt::format("answered {} before it was asked {}", one_line(answer.about, shown), about));
    released_ = true;
  }
}

result<writer_answer> process_writer::answer_to(std::string_view about, clock::time_point until) {
  while (true) {
    TRY(const auto line, process_->receive(until));
    TRY(auto answer, parse_answer(line));
    if (answer.about == about) return answer;
    if (answer.about != name_of(event::abort))
      return answered_wrongly(fmt::format("was asked {} and answered {}", about, one_line(answer.about, shown)));
    released_ = true;
  }
}

error process_writer::lost(error why) {
  process_->stop_now();
  gone_ = why.text();
  return with_words(std::move(why));
}

error process_writer::refused(const writer_failure& why) {
  application_ = why.application;
  std::string text = why.text;
  if (application_ != result_code::s_ok) text += fmt::format(" (application code {})", static_cast<std::uint32_t>(application_));
  return with_words(failure(why.code, std::move(text)));
}

error process_writer::with_words(error why) const {
  const auto words = process_->last_words();
  if (words.empty()) return why;
  return failure(code_of(why), fmt::format("{}; it said: {}", why.text(), words));
}

}  // namespace umbra::shadow
