// SPDX-License-Identifier: GPL-3.0-or-later
// A shadow copy set in the making: which volumes, by which providers, and the way to the one instant of all of them.
#pragma once

#include <chrono>
#include <stop_token>
#include <vector>

#include "engine/shadow/environment.h"
#include "engine/shadow/provider_choice.h"
#include "engine/shadow/tracer.h"
#include "engine/shadow/writable_copies.h"
#include "engine/shadow/writer_crowd.h"

namespace umbra::shadow {

// One thread at a time.
class snapshot_set {
 public:
  snapshot_set(guid id, const environment& world, volume_snapshot_attributes attributes, tracer& trace)
      : id_(id), world_(world), attributes_(attributes), trace_(trace) {}

  const guid& id() const { return id_; }
  const std::vector<set_member>& members() const { return members_; }
  bool contains(const volume& v) const;

  // The provider begins to prepare; on failure the volume is not in the set. e_nested_volume_limit if it lies in a file on a
  // member that will hold still, or a member on it.
  result<void> add(const guid& snapshot, volume v, std::shared_ptr<provider> by);

  // All of it: writers prepare and freeze, file systems hold still, providers commit, everything goes on, the copies are
  // finished. A writer's failure is in its state and does not fail the set, nor does a guardian that had to send writers on:
  // those have failed. After an error nothing of the set is left, everybody goes on and writers have heard `abort`. `stop` counts
  // until the file systems are frozen. `session.snapshot_…` are filled in for post_snapshot.
  result<void> make(writer_crowd& writers, writer_session& session, std::stop_token stop);
  // Takes back what was prepared. May come at any time, more than once.
  void abort();

  std::chrono::microseconds held() const { return held_; }
  const std::vector<std::string>& not_frozen() const { return not_frozen_; }

 private:
  using step = result<void> (provider::*)(const guid&);
  result<void> each_provider(step call, const char* name, snapshot_state before, snapshot_state after);
  result<void> post_commit();
  result<void> reach_the_instant(writer_crowd& writers, const writer_session& session, std::stop_token stop);
  result<void> hold_and_commit(freezer& hold);
  result<void> finish_copies(writer_crowd& writers, writer_session& session);
  result<std::vector<std::string>> devices() const;
  result<void> let_writers_mend(writer_crowd& writers, writer_session& session);
  result<freeze_request> what_to_freeze(const writer_crowd& writers) const;
  result<void> check_nesting(const volume& inner, const volume& outer, provider::hold outer_hold) const;
  // e_missing_volume if one that would be frozen is not mounted as it was when it was added.
  result<void> find_volumes_again() const;
  std::vector<std::shared_ptr<provider>> providers() const;
  void set_states(snapshot_state state);

  guid id_;
  const environment& world_;
  volume_snapshot_attributes attributes_;
  tracer& trace_;
  std::vector<set_member> members_;
  std::chrono::microseconds held_{0};
  std::vector<std::string> not_frozen_;
};

}  // namespace umbra::shadow
