// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/snapshot_set.h"

#include <algorithm>

#include <fmt/format.h>

namespace umbra::shadow {
namespace {

// What executables of writers.d hear when nobody coordinates them any longer.
constexpr const char* go_on_line = "{\"event\":\"abort\"}\n";

}  // namespace

bool snapshot_set::contains(const volume& v) const {
  return std::ranges::any_of(members_, [&](const auto& m) { return m.what.device == v.device; });
}

result<void> snapshot_set::add(const guid& snapshot, volume v, std::shared_ptr<provider> by) {
  for (const auto& m : members_) {
    CHECK(check_nesting(v, m.what, m.by->holds(m.what)));
    CHECK(check_nesting(m.what, v, by->holds(v)));
  }
  auto begun = by->begin_prepare_snapshot(id_, snapshot, v, attributes_);
  trace_.add(trace_entry::side::provider, by->properties().provider_name, "begin_prepare_snapshot", begun);
  if (begun.has_error()) return within(by->properties().provider_name, std::move(begun));
  members_.push_back({snapshot, std::move(v), std::move(by), snapshot_state::preparing});
  return success();
}

// Providers work while everything holds still: a clone writes to the file system under the file, a snapshot of LVM to that under
// the group. If that one is frozen with the set, they wait for each other.
result<void> snapshot_set::check_nesting(const volume& inner, const volume& outer, provider::hold outer_hold) const {
  if (outer_hold == provider::hold::none) return success();
  TRY(const bool nested, lies_in(inner, outer, world_.lies_on));
  if (!nested) return success();
  return failure(
      result_code::e_nested_volume_limit,
      fmt::format("{} lies in a file on {}: they cannot be held still together, make two sets of them", inner.name, outer.name));
}

std::vector<std::shared_ptr<provider>> snapshot_set::providers() const {
  std::vector<std::shared_ptr<provider>> list;
  for (const auto& m : members_) {
    if (std::ranges::find(list, m.by) == list.end()) list.push_back(m.by);
  }
  return list;
}

void snapshot_set::set_states(snapshot_state state) {
  for (auto& m : members_) m.state = state;
}

result<void> snapshot_set::each_provider(step call, const char* name, snapshot_state before, snapshot_state after) {
  set_states(before);
  for (const auto& p : providers()) {
    auto done = ((*p).*call)(id_);
    trace_.add(trace_entry::side::provider, p->properties().provider_name, name, done);
    if (done.has_error()) return within(p->properties().provider_name, std::move(done));
  }
  set_states(after);
  return success();
}

result<void> snapshot_set::post_commit() {
  set_states(snapshot_state::processing_postcommit);
  for (const auto& p : providers()) {
    auto done = p->post_commit_snapshots(id_, static_cast<std::uint32_t>(members_.size()));
    trace_.add(trace_entry::side::provider, p->properties().provider_name, "post_commit_snapshots", done);
    if (done.has_error()) return within(p->properties().provider_name, std::move(done));
  }
  set_states(snapshot_state::postcommitted);
  return success();
}

result<freeze_request> snapshot_set::what_to_freeze(const writer_crowd& writers) const {
  std::vector<volume> held;
  for (const auto& m : members_) {
    if (m.by->holds(m.what) == provider::hold::coordinator) held.push_back(m.what);
  }
  freeze_request request;
  TRY(request.mount_points, in_order_of_mounting(held, world_.mount_points(), world_.lies_on));
  request.abort_descriptors = writers.abort_descriptors();
  request.abort_line = go_on_line;
  request.hold_limit = world_.hold_limit;
  request.writer_limit = world_.writer_limit;
  return request;
}

// Something else would be frozen.
result<void> snapshot_set::find_volumes_again() const {
  for (const auto& m : members_) {
    if (m.by->holds(m.what) != provider::hold::coordinator) continue;
    const auto now = world_.find_volume(m.what.mount_point);
    if (now.has_value() && now.assume_value().number == m.what.number && now.assume_value().mount_point == m.what.mount_point)
      continue;
    return failure(result_code::e_missing_volume,
                   fmt::format("{} is not mounted at {} any longer: mount it there, or leave it out, and begin again",
                               m.what.device, m.what.mount_point));
  }
  return success();
}

result<void> snapshot_set::make(writer_crowd& writers, writer_session& session, std::stop_token stop) {
  auto done = [&]() -> result<void> {
    CHECK(each_provider(&provider::end_prepare_snapshots, "end_prepare_snapshots", snapshot_state::processing_prepare,
                        snapshot_state::prepared));
    CHECK(reach_the_instant(writers, session, stop));
    return finish_copies(writers, session);
  }();
  if (done.has_error()) {
    writers.abort(session);
    abort();
  }
  return done;
}

// Whatever happens in here, writers and file systems go on when it returns.
result<void> snapshot_set::reach_the_instant(writer_crowd& writers, const writer_session& session, std::stop_token stop) {
  const auto stopped = [&] { return stop.stop_requested(); };
  const auto cancelled = [] { return failure(result_code::s_async_cancelled, "shadow copy set"); };
  {
    const std::stop_callback give_up(stop, [&] { writers.cancel_calls(); });
    writers.tell(event::prepare_snapshot, session);
  }
  writers.abort_failed(session);
  if (stopped()) return cancelled();
  CHECK(find_volumes_again());
  TRY(const auto request, what_to_freeze(writers));
  TRY(const auto hold, world_.make_freezer(request));
  CHECK(find_volumes_again());  // the freezer keeps them mounted from here on
  CHECK(hold->begin_writers());
  writers.freeze(session);
  writers.abort_failed(session);
  auto made = [&]() -> result<void> {
    if (stopped()) return cancelled();
    CHECK(each_provider(&provider::pre_commit_snapshots, "pre_commit_snapshots", snapshot_state::processing_precommit,
                        snapshot_state::precommitted));
    CHECK(hold_and_commit(*hold));
    return post_commit();
  }();
  if (made.has_value()) writers.thaw(session);
  // Writers that the guardian had to send on were told `abort`, as a writer's own limit does it: they have failed, and what they
  // care for is in the copies as a loss of power would leave it. The set does not fail with its writers, whoever ended their
  // wait; the requester sees their states, and may not care for them.
  const auto in_time = hold->end_writers();
  trace_.add(trace_entry::side::requester, "", "end_writers", in_time);
  if (in_time.has_error()) writers.were_sent_on();
  if (made.has_value()) writers.abort_failed(session);
  return made;
}

result<void> snapshot_set::hold_and_commit(freezer& hold) {
  trace_.hold();
  auto frozen = hold.freeze();
  trace_.add(trace_entry::side::file_system, "", "freeze", frozen);
  auto committed = frozen;
  if (frozen.has_value()) {
    committed = each_provider(&provider::commit_snapshots, "commit_snapshots", snapshot_state::processing_commit,
                              snapshot_state::committed);
  }
  auto thawed = hold.thaw();
  trace_.add(trace_entry::side::file_system, "", "thaw", thawed);
  trace_.release();
  held_ = hold.held();
  not_frozen_ = hold.not_frozen();
  CHECK(committed);
  return thawed;
}

result<void> snapshot_set::finish_copies(writer_crowd& writers, writer_session& session) {
  CHECK(each_provider(&provider::pre_final_commit_snapshots, "pre_final_commit_snapshots",
                      snapshot_state::processing_prefinalcommit, snapshot_state::prefinalcommitted));
  session.snapshot_set_id = id_;
  CHECK(let_writers_mend(writers, session));
  CHECK(each_provider(&provider::post_final_commit_snapshots, "post_final_commit_snapshots",
                      snapshot_state::processing_postfinalcommit, snapshot_state::created));
  // Nodes that could be written to are gone.
  TRY(session.snapshot_devices, devices());
  session.snapshot_paths.assign(members_.size(), "");
  return success();
}

// As providers name them; empty where only the provider can read the copy.
result<std::vector<std::string>> snapshot_set::devices() const {
  std::vector<std::string> list;
  for (const auto& m : members_) {
    TRY(const auto copies, m.by->query());
    const auto found = std::ranges::find(copies, m.snapshot, &snapshot_prop::snapshot_id);
    list.push_back(found == copies.end() ? "" : found->snapshot_device_object);
  }
  return list;
}

// post_snapshot. Copies without auto-recovery are read-only from the beginning: writers hear of them, and cannot change them.
result<void> snapshot_set::let_writers_mend(writer_crowd& writers, writer_session& session) {
  TRY(session.snapshot_devices, devices());
  session.snapshot_paths.assign(members_.size(), "");
  writable_copies shown(world_, trace_);
  const bool may_mend = !has(attributes_, volume_snapshot_attributes::no_autorecovery) && writers.has_listeners();
  for (std::size_t i = 0; may_mend && i < members_.size(); ++i) {
    const auto place = shown.open(members_[i]);
    if (!place.device.empty()) session.snapshot_devices[i] = place.device;
    session.snapshot_paths[i] = place.folder;
  }
  writers.tell(event::post_snapshot, session);
  writers.abort_failed(session);
  return shown.close();
}

void snapshot_set::abort() {
  for (const auto& p : providers()) {
    const auto done = p->abort_snapshots(id_);
    trace_.add(trace_entry::side::provider, p->properties().provider_name, "abort_snapshots", done);
  }
  set_states(snapshot_state::aborted);
  members_.clear();
}

}  // namespace umbra::shadow
