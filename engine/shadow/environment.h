// SPDX-License-Identifier: GPL-3.0-or-later
// All that a requester's session needs of the world: tests put their own in.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/io/probe.h"
#include "engine/shadow/freeze_order.h"
#include "engine/shadow/freezer.h"
#include "engine/shadow/mounting.h"
#include "engine/shadow/provider.h"
#include "engine/shadow/trace.h"
#include "engine/shadow/writer.h"

namespace umbra::shadow {

// Only one requester makes a set at a time: held from start_snapshot_set to the end of do_snapshot_set. Gone with the process.
class set_lock {
 public:
  virtual ~set_lock() = default;
};

struct environment {
  std::vector<std::shared_ptr<provider>> providers;  // in order of registration: ties of the selection go to the first
  // Starts the writers of a session: executables, express writers, in-process ones. What cannot be started is told through
  // `problem` and left out. Called once, before identify.
  std::function<std::vector<std::shared_ptr<writer>>(const std::function<void(std::string)>& problem)> start_writers;
  std::function<result<std::unique_ptr<freezer>>(const freeze_request&)> make_freezer = shadow::make_freezer;
  std::function<result<volume>(const std::string&)> find_volume = shadow::find_volume;
  // Shows the `number`th copy of a set to writers, for writing, and takes it away from them (mounting.h).
  std::function<result<std::string>(const std::string& node, const std::string& file_system, std::size_t number)>
      mount_for_writers = shadow::mount_for_writers;
  std::function<result<void>(const std::string& folder)> unmount_from_writers = shadow::unmount_from_writers;
  lies_on_call lies_on = io::lies_on;
  std::function<std::vector<std::string>()> mount_points = shadow::mount_points;
  // errc::busy with e_snapshot_set_in_progress if another requester holds it.
  std::function<result<std::unique_ptr<set_lock>>()> lock_sets;
  std::chrono::milliseconds hold_limit = std::chrono::seconds(10);
  std::chrono::milliseconds writer_limit = std::chrono::seconds(60);
  random_source* random = nullptr;  // identifiers
  wall_clock now;
  std::string machine;
  trace_sink trace;  // may be empty
};

}  // namespace umbra::shadow
