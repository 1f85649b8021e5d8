// SPDX-License-Identifier: GPL-3.0-or-later
// What a requester's session holds, shared by the files that implement backup_components. Internal to engine/shadow.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "engine/shadow/backup_components.h"
#include "engine/shadow/snapshot_set.h"
#include "engine/shadow/tracer.h"
#include "engine/shadow/writer_crowd.h"

namespace umbra::shadow {

// How far a session has come; calls are good between two of these.
enum class stage : std::uint8_t {
  made,             // nothing yet
  backup,           // initialize_for_backup
  writers_known,    // gather_writer_metadata
  set_started,      // start_snapshot_set
  prepared,         // prepare_for_backup
  set_made,         // do_snapshot_set
  completed,        // backup_complete
  restore,          // initialize_for_restore
  restore_writers,  // gather_writer_metadata
  pre_restored,     // pre_restore
  post_restored,    // post_restore
  ended,            // aborted: only queries of the past
};

struct session_state {
  explicit session_state(environment w) : world(std::move(w)), trace(world.trace) {}

  environment world;
  tracer trace;
  stage at = stage::made;
  std::atomic<bool> pending{false};  // an asynchronous call goes on
  writer_filter filter;
  writer_crowd writers;
  writer_session facts;
  backup_document document;
  bool state_set = false;  // set_backup_state was called
  std::unique_ptr<set_lock> lock;
  std::unique_ptr<snapshot_set> set;
  std::vector<writer_status> gathered;  // by gather_writer_status
  bool status_known = false;

  bool with_writers() const { return !has(document.attributes, volume_snapshot_attributes::no_writers); }
  bool is_backup() const { return at >= stage::backup && at <= stage::completed; }
  bool is_restore() const { return at >= stage::restore && at <= stage::post_restored; }

  // e_bad_state, naming the call, unless the session stands between the two and no asynchronous call goes on.
  result<void> need(const char* call, stage first, stage last) const;
  // For calls that any initialised session may make.
  result<void> need_initialised(const char* call) const;
  // The component and the host of its writer: e_object_not_found if there is none.
  result<backup_component*> component(const component_name& name);
  writer_host* host_of(const guid& writer_class, const guid& instance);
  // At a restore: each writer gets its part of the saved document, which goes by the writer's instance id from then on. Instances
  // have other ids after a restart; they are told apart by what they know, and else taken in order. A part without a writer stays
  // in the document.
  void give_out_components();
  // The parts of the writers, gathered into the document.
  void collect_components();
};

}  // namespace umbra::shadow
