// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include "engine/shadow/copies.h"
#include "engine/shadow/requester_session.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

error already(const char* call, const std::string& what) {
  return failure(result_code::e_object_already_exists, fmt::format("{}: {}", call, what));
}

}  // namespace

result<guid> requester_session::start_snapshot_set() {
  CHECK(s_->need("start_snapshot_set", s_->with_writers() ? stage::writers_known : stage::backup, stage::writers_known));
  if (s_->document.context == snapshot_context::all) {
    return failure(result_code::e_unsupported_context, "start_snapshot_set: the context is for queries only");
  }
  CHECK(check_selection());
  if (s_->world.lock_sets) {
    TRY(s_->lock, s_->world.lock_sets());
  }
  const auto id = s_->world.random->make<guid>();
  s_->set = std::make_unique<snapshot_set>(id, s_->world, s_->document.attributes, s_->trace);
  s_->document.snapshot_set_id = s_->facts.snapshot_set_id = id;
  s_->at = stage::set_started;
  return id;
}

result<bool> requester_session::is_volume_supported(const guid& wanted, const std::string& name) {
  CHECK(s_->need_initialised("is_volume_supported"));
  TRY(const auto v, s_->world.find_volume(name));
  CHECK(choose_provider(s_->world.providers, wanted, v, s_->document.attributes));
  return true;
}

result<guid> requester_session::add_to_snapshot_set(const std::string& name, const guid& wanted) {
  CHECK(s_->need("add_to_snapshot_set", stage::set_started, stage::set_started));
  TRY(auto v, s_->world.find_volume(name));
  if (s_->set->contains(v)) return already("add_to_snapshot_set", v.name);
  if (s_->set->members().size() >= volumes_at_most) {
    return failure(result_code::e_maximum_number_of_volumes_reached,
                   fmt::format("add_to_snapshot_set: a set holds at most {} volumes", volumes_at_most));
  }
  TRY(auto by, choose_provider(s_->world.providers, wanted, v, s_->document.attributes));
  const auto id = s_->world.random->make<guid>();
  CHECK(s_->set->add(id, std::move(v), std::move(by)));
  return id;
}

result<async_ptr> requester_session::prepare_for_backup() {
  CHECK(s_->need("prepare_for_backup", stage::set_started, stage::set_started));
  CHECK(need_writers("prepare_for_backup"));
  return run_async([](session_state& s, const std::stop_token&) -> result<void> {
    for (const auto& m : s.set->members()) s.facts.volumes.push_back(m.what.name);
    if (s.document.select_components) s.writers.keep_selected();
    s.writers.tell(event::prepare_backup, s.facts);
    s.writers.abort_failed(s.facts);
    s.at = stage::prepared;
    return success();
  });
}

result<async_ptr> requester_session::do_snapshot_set() {
  const auto first = s_->with_writers() ? stage::prepared : stage::set_started;
  CHECK(s_->need("do_snapshot_set", first, stage::prepared));
  if (s_->set->members().empty()) return failure(result_code::e_bad_state, "do_snapshot_set: the set holds no volume");
  return run_async([](session_state& s, const std::stop_token& stop) -> result<void> {
    auto made = s.set->make(s.writers, s.facts, stop);
    s.lock.reset();  // the next requester may begin
    if (made.has_error()) {
      s.at = stage::ended;
      return made;
    }
    s.collect_components();
    TRY(s.document.snapshots, copies_of_set(s.world.providers, s.set->id()));
    s.at = stage::set_made;
    return success();
  });
}

result<snapshot_prop> requester_session::get_snapshot_properties(const guid& snapshot) const {
  CHECK(s_->need_initialised("get_snapshot_properties"));
  TRY(const auto copy, find_copy(s_->world.providers, snapshot));
  return copy.properties;
}

result<std::vector<snapshot_prop>> requester_session::query() const {
  CHECK(s_->need_initialised("query"));
  return all_copies(s_->world.providers);
}

result<std::vector<provider_prop>> requester_session::query_providers() const {
  std::vector<provider_prop> list;
  for (const auto& p : s_->world.providers) list.push_back(p->properties());
  return list;
}

result<std::vector<diff_area_prop>> requester_session::query_diff_areas() const {
  CHECK(s_->need_initialised("query_diff_areas"));
  return all_diff_areas(s_->world.providers);
}

result<backup_components::deletion> requester_session::delete_snapshots(const guid& id, object_type type, bool force) {
  CHECK(s_->need_initialised("delete_snapshots"));
  return delete_copies(s_->world.providers, id, type, force);
}

result<void> requester_session::expose_snapshot(const guid& snapshot, const std::string& folder) {
  CHECK(s_->need_initialised("expose_snapshot"));
  return expose_copy(s_->world.providers, snapshot, folder);
}

result<void> requester_session::unexpose_snapshot(const guid& snapshot) {
  CHECK(s_->need_initialised("unexpose_snapshot"));
  return unexpose_copy(s_->world.providers, snapshot);
}

result<void> requester_session::break_snapshot_set(const guid& set) {
  CHECK(s_->need_initialised("break_snapshot_set"));
  TRY(const auto copies, copies_of_set(s_->world.providers, set));
  if (copies.empty()) return failure(result_code::e_object_not_found, fmt::format("set {}", to_string(set)));
  // Documented for hardware providers only; there is none here.
  return failure(result_code::e_notimpl, "break_snapshot_set: none of the set's providers can");
}

result<void> requester_session::revert_to_snapshot(const guid& snapshot, bool force_dismount) {
  CHECK(s_->need_initialised("revert_to_snapshot"));
  return revert_copy(s_->world, snapshot, force_dismount);
}

result<bool> requester_session::query_revert_status(const std::string& name) const {
  CHECK(s_->need_initialised("query_revert_status"));
  TRY(const auto v, s_->world.find_volume(name));
  for (const auto& p : s_->world.providers) {
    TRY(const bool goes_on, p->query_revert_status(v));
    if (goes_on) return true;
  }
  return false;
}

result<std::unique_ptr<io::device>> requester_session::open_snapshot(const guid& snapshot) {
  CHECK(s_->need_initialised("open_snapshot"));
  TRY(const auto copy, find_copy(s_->world.providers, snapshot));
  return copy.by->open_snapshot(snapshot);
}

result<void> requester_session::check_snapshot(const guid& snapshot) {
  CHECK(s_->need_initialised("check_snapshot"));
  TRY(const auto copy, find_copy(s_->world.providers, snapshot));
  return copy.by->check_snapshot(snapshot);
}

}  // namespace umbra::shadow
