// SPDX-License-Identifier: GPL-3.0-or-later
// The one implementation of backup_components, in three files: the session with its writers and components
// (backup_components.cpp), shadow copies (backup_components_copies.cpp), restore (backup_components_restore.cpp). Order rules
// first, then the work: each call begins with need(). Internal to engine/shadow.
#pragma once

#include "engine/shadow/async_call.h"
#include "engine/shadow/backup_components.h"
#include "engine/shadow/backup_session.h"

namespace umbra::shadow {

class requester_session final : public backup_components {
 public:
  explicit requester_session(environment world);
  ~requester_session() override;

  // --- session
  result<void> initialize_for_backup() override;
  result<void> initialize_for_restore(const std::string& document) override;
  guid get_session_id() const override { return s_->facts.session_id; }
  result<void> set_context(snapshot_context context, volume_snapshot_attributes more) override;
  result<void> set_backup_state(bool select_components, bool bootable_system_state, backup_type type,
                                bool partial_file_support) override;
  result<void> set_restore_state(restore_type type) override;
  result<void> abort_backup() override;
  result<async_ptr> backup_complete() override;
  result<std::string> save_as_json() const override;
  result<std::string> save_as_xml() const override;

  // --- writers
  result<void> enable_writer_classes(const std::vector<guid>& classes) override;
  result<void> disable_writer_classes(const std::vector<guid>& classes) override;
  result<void> disable_writer_instances(const std::vector<guid>& instances) override;
  result<async_ptr> gather_writer_metadata() override;
  result<std::vector<writer_metadata>> get_writer_metadata() const override;
  std::vector<std::string> writer_problems() const override { return s_->writers.problems(); }
  result<async_ptr> gather_writer_status() override;
  result<std::vector<writer_status>> get_writer_status() const override;

  // --- components
  result<void> add_component(const component_name& name) override;
  result<std::vector<writer_components>> get_writer_components() const override;
  result<void> set_backup_options(const component_name& name, const std::string& options) override;
  result<void> set_previous_backup_stamp(const component_name& name, const std::string& stamp) override;
  result<void> set_backup_succeeded(const component_name& name, bool succeeded) override;

  // --- shadow copies
  result<guid> start_snapshot_set() override;
  result<bool> is_volume_supported(const guid& wanted, const std::string& name) override;
  result<guid> add_to_snapshot_set(const std::string& name, const guid& wanted) override;
  result<async_ptr> prepare_for_backup() override;
  result<async_ptr> do_snapshot_set() override;
  result<snapshot_prop> get_snapshot_properties(const guid& snapshot) const override;
  result<std::vector<snapshot_prop>> query() const override;
  result<std::vector<provider_prop>> query_providers() const override;
  result<std::vector<diff_area_prop>> query_diff_areas() const override;
  result<deletion> delete_snapshots(const guid& id, object_type type, bool force) override;
  result<void> expose_snapshot(const guid& snapshot, const std::string& folder) override;
  result<void> unexpose_snapshot(const guid& snapshot) override;
  result<void> break_snapshot_set(const guid& set) override;
  result<void> revert_to_snapshot(const guid& snapshot, bool force_dismount) override;
  result<bool> query_revert_status(const std::string& name) const override;
  result<std::unique_ptr<io::device>> open_snapshot(const guid& snapshot) override;
  result<void> check_snapshot(const guid& snapshot) override;
  std::chrono::microseconds held() const override { return s_->set ? s_->set->held() : std::chrono::microseconds(0); }

  // --- restore
  result<async_ptr> pre_restore() override;
  result<async_ptr> post_restore() override;
  result<void> set_selected_for_restore(const component_name& name, bool selected) override;
  result<void> add_restore_subcomponent(const component_name& name, const restore_subcomponent& sub) override;
  result<void> set_restore_options(const component_name& name, const std::string& options) override;
  result<void> set_additional_restores(const component_name& name, bool more) override;
  result<void> set_file_restore_status(const component_name& name, file_restore_status status) override;
  result<void> add_new_target(const component_name& name, const new_target& target) override;
  result<void> add_alternative_location_mapping(const component_name& name, const file_spec& mapping) override;
  result<void> set_ranges_file_path(const component_name& name, std::size_t number, const std::string& path) override;
  result<void> set_authoritative_restore(const component_name& name, bool authoritative) override;
  result<void> set_roll_forward(const component_name& name, rollforward_type type, const std::string& point) override;
  result<void> set_restore_name(const component_name& name, const std::string& restored_name) override;

 private:
  // The state is shared with the thread: the session may go while it runs.
  template <class Operation>
  result<async_ptr> run_async(Operation run) {
    s_->pending = true;
    return start_async([s = s_, run](std::stop_token stop) {
      auto outcome = run(*s, stop);
      s->pending = false;
      return outcome;
    });
  }
  result<async_ptr> tell_async(event what, stage after);

  template <class Change>
  result<void> edit(const char* call, const component_name& name, stage first, stage last, Change change) {
    CHECK(s_->need(call, first, last));
    TRY(auto* component, s_->component(name));
    change(*component);
    return success();
  }
  template <class Change>
  result<void> edit_restore(const char* call, const component_name& name, Change change) {
    return edit(call, name, stage::restore_writers, stage::restore_writers, change);
  }

  static result<void> check_context(snapshot_context context, volume_snapshot_attributes more);
  // Chosen components follow the rules of selectability: what is required comes along.
  result<void> check_selection() const;
  result<void> need_writers(const char* call) const;
  result<void> need_metadata(const char* call) const;
  result<void> need_saveable(const char* call) const;
  void undo();

  std::shared_ptr<session_state> s_;
};

}  // namespace umbra::shadow
