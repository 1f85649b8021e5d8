// SPDX-License-Identifier: GPL-3.0-or-later
// The coordinator's side of one writer: runs its events on a thread of its own, ends them when their time is over, and keeps its
// state (the fifteen of writer_state), its last failure, its metadata and its components.
#pragma once

#include <chrono>
#include <memory>
#include <thread>

#include "engine/shadow/backup_components.h"
#include "engine/shadow/tracer.h"
#include "engine/shadow/writer.h"

namespace umbra::shadow {

// One thread at a time.
class writer_host {
 public:
  writer_host(std::shared_ptr<writer> who, tracer& trace);
  // A writer that does not come back even after cancel() keeps its thread and itself; nobody waits for it.
  ~writer_host();

  // Begins an event, whose time runs from here; wait() ends it. A writer that failed hears nothing more but abort and
  // backup_shutdown.
  void send(event what, const writer_session& session);
  // The outcome of the event sent last; success if it was not for this writer any more.
  result<void> wait();
  result<void> tell(event what, const writer_session& session) {
    send(what, session);
    return wait();
  }

  // From any thread: whatever the writer is doing, nobody waits for it any longer.
  void cancel_call() noexcept;

  const writer_identity& identity() const { return identity_; }
  int abort_descriptor() const noexcept;
  // The guardian sent it on before its thaw: a failure of its, as when its own limit passes.
  void was_sent_on();
  writer_status status() const;
  // After a successful identify.
  const writer_metadata& metadata() const { return metadata_; }
  // What the requester chose of this writer; writers edit it at the events where the reference lets them.
  writer_components& components() { return components_; }
  const writer_components& components() const { return components_; }
  // It was told something that abort must undo.
  bool has_begun() const { return begun_; }
  bool has_failed() const { return static_cast<int>(state_) >= static_cast<int>(writer_state::failed_at_identify); }

 private:
  struct body;
  void take_edits(std::vector<backup_component> edited);
  void settle(event what, const result<void>& outcome, result_code application);
  void take_expiry();
  void fail_late(writer_state state);

  std::shared_ptr<body> body_;
  std::thread thread_;
  tracer& trace_;
  writer_identity identity_;
  writer_metadata metadata_;
  writer_components components_;
  writer_state state_ = writer_state::unknown;
  result_code failure_ = result_code::s_ok;
  result_code application_ = result_code::s_ok;
  std::string text_;
  event sent_ = event::identify;
  std::chrono::steady_clock::time_point until_;  // for the answer to it
  bool waiting_ = false;
  bool begun_ = false;
};

// How long an event may take.
std::chrono::milliseconds time_for(event what, const writer& who);
// Whether changes that a writer made to its components at this event count.
bool may_edit_components(event what) noexcept;

}  // namespace umbra::shadow
