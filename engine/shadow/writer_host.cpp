// SPDX-License-Identifier: GPL-3.0-or-later
// The thread and what it shares with the coordinator live in `body`, which both own: a writer that hangs for ever can be left
// behind. While a writer is frozen the thread watches the writer's own limit, and when it passes tells the writer `abort` by
// itself: the coordinator may be busy, or stopped.
#include "engine/shadow/writer_host.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

namespace umbra::shadow {
namespace {

using clock = std::chrono::steady_clock;

// After cancel(): a writer that is merely slow comes back within this.
constexpr std::chrono::seconds grace{5};
// Whoever is told to go on has no reason to take longer.
constexpr std::chrono::seconds short_event{30};

writer_state state_after(event what) {
  switch (what) {
    case event::prepare_snapshot: return writer_state::waiting_for_freeze;
    case event::freeze: return writer_state::waiting_for_thaw;
    case event::thaw: return writer_state::waiting_for_post_snapshot;
    case event::post_snapshot: return writer_state::waiting_for_backup_complete;
    default: return writer_state::stable;
  }
}

writer_state state_failed_at(event what) {
  switch (what) {
    case event::identify: return writer_state::failed_at_identify;
    case event::prepare_backup: return writer_state::failed_at_prepare_backup;
    case event::prepare_snapshot: return writer_state::failed_at_prepare_snapshot;
    case event::freeze: return writer_state::failed_at_freeze;
    case event::thaw: return writer_state::failed_at_thaw;
    case event::post_snapshot: return writer_state::failed_at_post_snapshot;
    case event::backup_complete: return writer_state::failed_at_backup_complete;
    case event::pre_restore: return writer_state::failed_at_pre_restore;
    case event::post_restore: return writer_state::failed_at_post_restore;
    case event::backup_shutdown: return writer_state::failed_at_backupshutdown;
    case event::abort: break;
  }
  return writer_state::unknown;
}

bool reaches_failed_writers(event what) { return what == event::abort || what == event::backup_shutdown; }

constexpr const char* held_too_long = "held still for longer than its limit, and was told to go on";

error timed_out(std::string_view what) {
  return failure(result_code::e_writererror_timeout, fmt::format("no answer to {} within its time", what));
}

}  // namespace

std::chrono::milliseconds time_for(event what, const writer& who) {
  switch (what) {
    case event::freeze: return who.freeze_timeout();
    case event::thaw:
    case event::abort:
    case event::backup_shutdown: return std::min<std::chrono::milliseconds>(short_event, who.event_timeout());
    default: return who.event_timeout();
  }
}

bool may_edit_components(event what) noexcept {
  return what == event::prepare_backup || what == event::post_snapshot || what == event::pre_restore ||
         what == event::post_restore;
}

struct writer_host::body {
  explicit body(std::shared_ptr<writer> w) : who(std::move(w)) {}

  struct request {
    event what = event::identify;
    writer_session session;
    writer_components components;
  };
  struct answer {
    result<void> outcome = success();
    result_code application = result_code::s_ok;
    writer_metadata metadata;
    writer_components components;
  };

  // set before start
  const std::shared_ptr<writer> who;
  // guarded by mutex
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<request> next;
  std::optional<answer> done;
  bool in_call = false;
  bool given_up = false;  // nobody waits for the present call any more
  bool over = false;
  std::optional<clock::time_point> frozen_until;
  bool expired = false;  // the thread told `abort` by itself
  writer_session last_session;

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      if (next) {
        take(lock);
      } else if (over) {
        return;
      } else if (frozen_until && clock::now() >= *frozen_until) {
        expire(lock);
      } else if (frozen_until) {
        changed.wait_until(lock, *frozen_until);
      } else {
        changed.wait(lock);
      }
    }
  }

  void take(std::unique_lock<std::mutex>& lock) {
    auto r = std::move(*next);
    next.reset();
    in_call = true;
    const auto began = clock::now();
    lock.unlock();
    answer a;
    a.components = std::move(r.components);
    a.outcome = call(r, a);
    if (a.outcome.has_error()) a.application = who->application_code();
    lock.lock();
    in_call = false;
    frozen_until.reset();
    if (r.what == event::freeze && a.outcome.has_value()) frozen_until = began + who->freeze_timeout();
    last_session = std::move(r.session);
    if (!given_up) done = std::move(a);
    given_up = false;
    changed.notify_all();
  }

  result<void> call(const request& r, answer& a) {
    if (r.what != event::identify) return who->handle({r.what, r.session, a.components});
    TRY(a.metadata, who->identify(r.session));
    return success();
  }

  void expire(std::unique_lock<std::mutex>& lock) {
    frozen_until.reset();
    expired = true;
    in_call = true;
    const auto session = last_session;
    lock.unlock();
    writer_components none;
    (void)who->handle({event::abort, session, none}).has_error();
    lock.lock();
    in_call = false;
    changed.notify_all();
  }
};

writer_host::writer_host(std::shared_ptr<writer> who, tracer& trace)
    : body_(std::make_shared<body>(std::move(who))), trace_(trace), identity_(body_->who->identity()) {
  components_.class_id = identity_.class_id;
  components_.instance_id = identity_.instance_id;
  thread_ = std::thread([b = body_] { b->run(); });
}

writer_host::~writer_host() {
  auto& b = *body_;
  std::unique_lock lock(b.mutex);
  b.over = true;
  b.next.reset();
  b.changed.notify_all();
  if (b.in_call) {
    lock.unlock();
    b.who->cancel();
    lock.lock();
  }
  const bool came_back = b.changed.wait_for(lock, grace, [&b] { return !b.in_call; });
  lock.unlock();
  if (came_back) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void writer_host::cancel_call() noexcept {
  {
    const std::scoped_lock lock(body_->mutex);
    if (!body_->in_call) return;
  }
  body_->who->cancel();
}

int writer_host::abort_descriptor() const noexcept { return body_->who->abort_descriptor(); }

void writer_host::send(event what, const writer_session& session) {
  const std::scoped_lock lock(body_->mutex);
  take_expiry();
  waiting_ = false;
  if (has_failed() && !reaches_failed_writers(what)) return;
  if (body_->in_call) return;  // it never came back from something: nothing reaches it
  if (what != event::identify && !reaches_failed_writers(what)) begun_ = true;
  sent_ = what;
  until_ = clock::now() + time_for(what, *body_->who);
  waiting_ = true;
  body_->done.reset();
  body_->next = body::request{what, session, components_};
  body_->changed.notify_all();
}

result<void> writer_host::wait() {
  if (!waiting_) return success();
  waiting_ = false;
  auto& b = *body_;
  std::unique_lock lock(b.mutex);
  const auto answered = [&b] { return b.done.has_value(); };
  result<void> outcome = success();
  auto application = result_code::s_ok;
  if (!b.changed.wait_until(lock, until_, answered)) {
    lock.unlock();
    b.who->cancel();
    lock.lock();
    if (!b.changed.wait_for(lock, grace, answered)) b.given_up = true;
    b.next.reset();
    outcome = timed_out(name_of(sent_));
  } else {
    outcome = std::move(b.done->outcome);
    application = b.done->application;
  }
  if (b.done && outcome.has_value() && sent_ == event::identify) metadata_ = std::move(b.done->metadata);
  // Also of a failure: which component it was, and why, stands there.
  if (b.done && may_edit_components(sent_)) take_edits(std::move(b.done->components.components));
  b.done.reset();
  settle(sent_, outcome, application);
  lock.unlock();
  if (outcome.has_error()) outcome = within(identity_.name, std::move(outcome));
  trace_.add(trace_entry::side::writer, identity_.name, std::string(name_of(sent_)), outcome);
  return outcome;
}

// What nobody selected a writer may name itself; of what kind it is stands in the metadata.
void writer_host::take_edits(std::vector<backup_component> edited) {
  for (auto& c : edited) {
    if (components_.find(c.logical_path, c.name) != nullptr) continue;
    if (const auto* known = metadata_.find(c.logical_path, c.name)) c.type = known->type;
  }
  components_.components = std::move(edited);
}

void writer_host::settle(event what, const result<void>& outcome, result_code application) {
  if (what == event::abort || what == event::backup_shutdown) begun_ = false;
  if (what == event::backup_complete && outcome.has_value()) begun_ = false;
  if (outcome.has_error()) {
    if (has_failed() || what == event::abort) return;  // the first failure is the one that matters
    state_ = state_failed_at(what);
    failure_ = code_of(outcome.assume_error());
    application_ = application;
    text_ = outcome.assume_error().text();
    return;
  }
  if (!has_failed()) state_ = state_after(what);
}

// Under the body's lock.
void writer_host::take_expiry() {
  if (!body_->expired) return;
  body_->expired = false;
  if (has_failed()) return;
  fail_late(writer_state::failed_at_freeze);
  begun_ = false;
}

void writer_host::was_sent_on() {
  if (state_ == writer_state::waiting_for_thaw || state_ == writer_state::waiting_for_post_snapshot) {
    fail_late(writer_state::failed_at_thaw);
  }
}

void writer_host::fail_late(writer_state state) {
  state_ = state;
  failure_ = result_code::e_writererror_timeout;
  text_ = held_too_long;
}

writer_status writer_host::status() const {
  writer_status s{identity_.instance_id, identity_.class_id, identity_.name, state_, failure_, application_, text_};
  const std::scoped_lock lock(body_->mutex);
  if (body_->expired && !has_failed()) {
    s.state = writer_state::failed_at_freeze;
    s.failure = result_code::e_writererror_timeout;
    s.text = held_too_long;
  }
  return s;
}

}  // namespace umbra::shadow
