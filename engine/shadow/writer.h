// SPDX-License-Identifier: GPL-3.0-or-later
// The application's side: a writer brings its data into order and holds still. The coordinator calls the events in this order,
//
//   identify · prepare_backup · prepare_snapshot · freeze · thaw · post_snapshot · backup_complete · backup_shutdown
//   (restore: identify · pre_restore · post_restore · backup_shutdown)
//
// and `abort` after anything failed. Only `abort` and `backup_shutdown` may come more than once, or without the ones before.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/backup_document.h"
#include "engine/shadow/enums.h"
#include "engine/shadow/event.h"
#include "engine/shadow/guid.h"
#include "engine/shadow/result_code.h"
#include "engine/shadow/writer_enums.h"
#include "engine/shadow/writer_metadata.h"

namespace umbra::shadow {

// How a writer refuses or fails: its own code (one of writererror_…) and its words.
struct writer_failure {
  result_code code = result_code::e_writererror_nonretryable;
  std::string text;                             // one line
  result_code application = result_code::s_ok;  // SetWriterFailureEx: the application's own code, for people
  bool operator==(const writer_failure&) const = default;
};

// What a writer can ask about the session it takes part in (CVssWriter's Get… and Is… calls).
struct writer_session {
  guid session_id;
  guid snapshot_set_id;  // none before the set is made
  snapshot_context context = snapshot_context::backup;
  backup_type type = backup_type::copy;
  restore_type restore = restore_type::undefined;
  bool components_selected = false;  // AreComponentsSelected
  bool bootable_system_state = false;
  bool partial_file_support = false;
  std::vector<std::string> volumes;  // GetCurrentVolumeArray: names of the set's volumes
  // GetSnapshotDeviceName, from post_snapshot on, and a mount of the copy, at post_snapshot alone: same order as `volumes`, empty
  // where there is none. While the copies can be written to (at post_snapshot, unless no_autorecovery was asked for) the devices
  // of volumes that are mounted for writing can be, too, and are mounted; btrfs is not. Otherwise no path, and a device only
  // where the provider has one.
  std::vector<std::string> snapshot_devices;
  std::vector<std::string> snapshot_paths;

  // IsPathAffected: the path lies on one of the volumes.
  bool is_path_affected(const std::string& path) const;
};

// One event: what about, and the writer's components, which it may change where the reference lets it (writer_components).
struct writer_call {
  event what = event::identify;
  const writer_session& session;
  writer_components& components;
};

// Calls come from one thread at a time, and a call in progress is never interrupted: cancel() tells a writer that nobody waits
// for it any longer.
class writer {
 public:
  virtual ~writer() = default;

  // Who this is; known before identify.
  virtual const writer_identity& identity() const = 0;
  // From freeze to thaw; when it has passed, the coordinator aborts.
  virtual std::chrono::milliseconds freeze_timeout() const { return std::chrono::seconds(60); }
  // Of any other event.
  virtual std::chrono::milliseconds event_timeout() const { return std::chrono::minutes(10); }

  // identify: fills in the metadata document. No state may come from it: it is asked at any time, by anybody.
  virtual result<writer_metadata> identify(const writer_session& session) = 0;
  // Every other event. An error is a veto or a failure; its code is one of writererror_….
  virtual result<void> handle(const writer_call& call) = 0;
  // SetWriterFailureEx: the application's own code for the failure of the call before this one.
  virtual result_code application_code() const { return result_code::s_ok; }
  // From any thread, while a call is in progress: it is too late, come back with an error soon.
  virtual void cancel() noexcept = 0;
  // Descriptors to which the guardian writes "abort" if the coordinator dies or stops while this writer is frozen. Empty:
  // in-process.
  virtual int abort_descriptor() const noexcept { return -1; }
};

}  // namespace umbra::shadow
