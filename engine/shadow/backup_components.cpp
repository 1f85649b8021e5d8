// SPDX-License-Identifier: GPL-3.0-or-later
// Order rules first, then the work: each call begins with need().
#include "engine/shadow/backup_components.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/shadow/async_call.h"
#include "engine/shadow/backup_session.h"
#include "engine/shadow/component_rules.h"
#include "engine/shadow/copies.h"
#include "engine/shadow/document_json.h"
#include "engine/shadow/document_xml.h"
#include "engine/shadow/enum_names.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

error already(const char* call, const std::string& what) {
  return failure(result_code::e_object_already_exists, fmt::format("{}: {}", call, what));
}

class requester_session final : public backup_components {
 public:
  explicit requester_session(environment world) : s_(std::make_shared<session_state>(std::move(world))) {
    s_->facts.session_id = s_->world.random->make<guid>();
    s_->document.session_id = s_->facts.session_id;
  }

  ~requester_session() override {
    // An asynchronous call owns the state, too; its own object cancels it and waits.
    if (s_->at == stage::made) return;
    if (s_->is_backup() && s_->at != stage::completed) undo();
    if (s_->set) drop_auto_released(s_->world.providers, s_->set->id());
    s_->writers.tell(event::backup_shutdown, s_->facts);
  }

  // --- session
  result<void> initialize_for_backup() override {
    CHECK(s_->need("initialize_for_backup", stage::made, stage::made));
    s_->at = stage::backup;
    return success();
  }

  result<void> initialize_for_restore(const std::string& document) override {
    CHECK(s_->need("initialize_for_restore", stage::made, stage::made));
    TRY(s_->document, backup_document_from_json(document));
    s_->at = stage::restore;
    return success();
  }

  guid get_session_id() const override { return s_->facts.session_id; }

  result<void> set_context(snapshot_context context, volume_snapshot_attributes more) override {
    CHECK(s_->need("set_context", stage::backup, stage::backup));
    if (s_->state_set) return failure(result_code::e_bad_state, "set_context: after set_backup_state");
    CHECK(check_context(context, more));
    s_->document.context = s_->facts.context = context;
    s_->document.attributes = context == snapshot_context::all ? volume_snapshot_attributes::none : attributes_of(context) | more;
    return success();
  }

  result<void> set_backup_state(bool select_components, bool bootable_system_state, backup_type type,
                                bool partial_file_support) override {
    CHECK(s_->need("set_backup_state", stage::backup, stage::backup));
    if (type == backup_type::undefined) return failure(result_code::e_invalidarg, "set_backup_state: no type of backup");
    s_->state_set = true;
    s_->document.select_components = s_->facts.components_selected = select_components;
    s_->document.bootable_system_state = s_->facts.bootable_system_state = bootable_system_state;
    s_->document.type = s_->facts.type = type;
    s_->document.partial_file_support = s_->facts.partial_file_support = partial_file_support;
    return success();
  }

  result<void> set_restore_state(restore_type type) override {
    CHECK(s_->need("set_restore_state", stage::restore, stage::restore));
    s_->facts.restore = type;
    return success();
  }

  result<void> abort_backup() override {
    if (s_->at == stage::ended) return success();
    CHECK(s_->need("abort_backup", stage::backup, stage::completed));
    undo();
    s_->at = stage::ended;
    return success();
  }

  result<async_ptr> backup_complete() override {
    CHECK(s_->need("backup_complete", stage::set_made, stage::set_made));
    CHECK(need_writers("backup_complete"));
    return run_async([](session_state& s, const std::stop_token&) -> result<void> {
      s.collect_components();
      s.writers.tell(event::backup_complete, s.facts);
      s.at = stage::completed;
      return success();
    });
  }

  result<std::string> save_as_json() const override {
    CHECK(need_saveable("save_as_json"));
    return to_json(s_->document);
  }
  result<std::string> save_as_xml() const override {
    CHECK(need_saveable("save_as_xml"));
    return to_xml(s_->document);
  }

  // --- writers
  result<void> enable_writer_classes(const std::vector<guid>& classes) override {
    CHECK(s_->need("enable_writer_classes", stage::backup, stage::backup));
    s_->filter.enabled_classes.insert(s_->filter.enabled_classes.end(), classes.begin(), classes.end());
    return success();
  }
  result<void> disable_writer_classes(const std::vector<guid>& classes) override {
    CHECK(s_->need("disable_writer_classes", stage::backup, stage::backup));
    s_->filter.disabled_classes.insert(s_->filter.disabled_classes.end(), classes.begin(), classes.end());
    return success();
  }
  result<void> disable_writer_instances(const std::vector<guid>& instances) override {
    CHECK(s_->need("disable_writer_instances", stage::backup, stage::backup));
    s_->filter.disabled_instances.insert(s_->filter.disabled_instances.end(), instances.begin(), instances.end());
    return success();
  }

  result<async_ptr> gather_writer_metadata() override {
    const bool restoring = s_->is_restore();
    CHECK(s_->need("gather_writer_metadata", restoring ? stage::restore : stage::backup,
                   restoring ? stage::restore : stage::backup));
    if (!restoring && s_->with_writers() && !s_->state_set) {
      return failure(result_code::e_bad_state, "gather_writer_metadata: set_backup_state comes first");
    }
    return run_async([restoring](session_state& s, const std::stop_token&) -> result<void> {
      if (restoring || s.with_writers()) {
        s.writers.start(s.world, s.filter, s.trace);
        s.writers.identify(s.facts);
      }
      if (restoring) s.give_out_components();
      s.at = restoring ? stage::restore_writers : stage::writers_known;
      return success();
    });
  }

  result<std::vector<writer_metadata>> get_writer_metadata() const override {
    CHECK(need_metadata("get_writer_metadata"));
    std::vector<writer_metadata> documents;
    for (const auto& h : s_->writers.hosts()) documents.push_back(h->metadata());
    return documents;
  }

  std::vector<std::string> writer_problems() const override { return s_->writers.problems(); }

  result<async_ptr> gather_writer_status() override {
    CHECK(need_metadata("gather_writer_status"));
    return run_async([](session_state& s, const std::stop_token&) -> result<void> {
      s.gathered.clear();
      for (const auto& h : s.writers.hosts()) s.gathered.push_back(h->status());
      s.status_known = true;
      return success();
    });
  }

  result<std::vector<writer_status>> get_writer_status() const override {
    CHECK(s_->need_initialised("get_writer_status"));
    if (!s_->status_known) return failure(result_code::e_bad_state, "get_writer_status: gather_writer_status comes first");
    return s_->gathered;
  }

  // --- components
  result<void> add_component(const component_name& name) override {
    CHECK(s_->need("add_component", stage::writers_known, stage::writers_known));
    CHECK(need_writers("add_component"));
    auto* host = s_->host_of(name.writer_class, name.writer_instance);
    if (host == nullptr) return failure(result_code::e_object_not_found, "add_component: no such writer");
    CHECK(component_tree(host->metadata()).may_add(host->components(), name.type, name.logical_path, name.name));
    backup_component component;
    component.type = name.type;
    component.logical_path = name.logical_path;
    component.name = name.name;
    host->components().components.push_back(std::move(component));
    return success();
  }

  result<std::vector<writer_components>> get_writer_components() const override {
    CHECK(s_->need_initialised("get_writer_components"));
    std::vector<writer_components> list;
    for (const auto& h : s_->writers.hosts()) {
      if (!h->components().components.empty()) list.push_back(h->components());
    }
    return list;
  }

  result<void> set_backup_options(const component_name& name, const std::string& options) override {
    return edit("set_backup_options", name, stage::writers_known, stage::set_started,
                [&](backup_component& c) { c.backup_options = options; });
  }
  result<void> set_previous_backup_stamp(const component_name& name, const std::string& stamp) override {
    return edit("set_previous_backup_stamp", name, stage::writers_known, stage::set_started,
                [&](backup_component& c) { c.previous_backup_stamp = stamp; });
  }
  result<void> set_backup_succeeded(const component_name& name, bool succeeded) override {
    return edit("set_backup_succeeded", name, stage::set_made, stage::set_made,
                [&](backup_component& c) { c.backup_succeeded = succeeded; });
  }

  // --- shadow copies
  result<guid> start_snapshot_set() override {
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

  result<bool> is_volume_supported(const guid& wanted, const std::string& name) override {
    CHECK(s_->need_initialised("is_volume_supported"));
    TRY(const auto v, s_->world.find_volume(name));
    CHECK(choose_provider(s_->world.providers, wanted, v, s_->document.attributes));
    return true;
  }

  result<guid> add_to_snapshot_set(const std::string& name, const guid& wanted) override {
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

  result<async_ptr> prepare_for_backup() override {
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

  result<async_ptr> do_snapshot_set() override {
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

  result<snapshot_prop> get_snapshot_properties(const guid& snapshot) const override {
    CHECK(s_->need_initialised("get_snapshot_properties"));
    TRY(const auto copy, find_copy(s_->world.providers, snapshot));
    return copy.properties;
  }
  result<std::vector<snapshot_prop>> query() const override {
    CHECK(s_->need_initialised("query"));
    return all_copies(s_->world.providers);
  }
  result<std::vector<provider_prop>> query_providers() const override {
    std::vector<provider_prop> list;
    for (const auto& p : s_->world.providers) list.push_back(p->properties());
    return list;
  }
  result<deletion> delete_snapshots(const guid& id, object_type type, bool force) override {
    CHECK(s_->need_initialised("delete_snapshots"));
    return delete_copies(s_->world.providers, id, type, force);
  }
  result<void> expose_snapshot(const guid& snapshot, const std::string& folder) override {
    CHECK(s_->need_initialised("expose_snapshot"));
    return expose_copy(s_->world.providers, snapshot, folder);
  }
  result<void> unexpose_snapshot(const guid& snapshot) override {
    CHECK(s_->need_initialised("unexpose_snapshot"));
    return unexpose_copy(s_->world.providers, snapshot);
  }
  result<void> break_snapshot_set(const guid& set) override {
    CHECK(s_->need_initialised("break_snapshot_set"));
    TRY(const auto copies, copies_of_set(s_->world.providers, set));
    if (copies.empty()) return failure(result_code::e_object_not_found, fmt::format("set {}", to_string(set)));
    // Documented for hardware providers only; there is none here.
    return failure(result_code::e_notimpl, "break_snapshot_set: none of the set's providers can");
  }
  result<void> revert_to_snapshot(const guid& snapshot, bool force_dismount) override {
    CHECK(s_->need_initialised("revert_to_snapshot"));
    return revert_copy(s_->world, snapshot, force_dismount);
  }
  result<bool> query_revert_status(const std::string& name) const override {
    CHECK(s_->need_initialised("query_revert_status"));
    TRY(const auto v, s_->world.find_volume(name));
    for (const auto& p : s_->world.providers) {
      TRY(const bool goes_on, p->query_revert_status(v));
      if (goes_on) return true;
    }
    return false;
  }
  result<std::unique_ptr<io::device>> open_snapshot(const guid& snapshot) override {
    CHECK(s_->need_initialised("open_snapshot"));
    TRY(const auto copy, find_copy(s_->world.providers, snapshot));
    return copy.by->open_snapshot(snapshot);
  }
  result<void> check_snapshot(const guid& snapshot) override {
    CHECK(s_->need_initialised("check_snapshot"));
    TRY(const auto copy, find_copy(s_->world.providers, snapshot));
    return copy.by->check_snapshot(snapshot);
  }
  std::chrono::microseconds held() const override { return s_->set ? s_->set->held() : std::chrono::microseconds(0); }

  // --- restore
  result<async_ptr> pre_restore() override {
    CHECK(s_->need("pre_restore", stage::restore_writers, stage::restore_writers));
    return tell_async(event::pre_restore, stage::pre_restored);
  }
  result<async_ptr> post_restore() override {
    CHECK(s_->need("post_restore", stage::pre_restored, stage::pre_restored));
    return tell_async(event::post_restore, stage::post_restored);
  }
  result<void> set_selected_for_restore(const component_name& name, bool selected) override {
    return edit_restore("set_selected_for_restore", name, [&](backup_component& c) { c.selected_for_restore = selected; });
  }
  result<void> add_restore_subcomponent(const component_name& name, const restore_subcomponent& sub) override {
    CHECK(s_->need("add_restore_subcomponent", stage::restore_writers, stage::restore_writers));
    TRY(auto* component, s_->component(name));
    const auto* host = s_->host_of(name.writer_class, name.writer_instance);
    CHECK(component_tree(host->metadata()).may_restore(*component, sub));
    component->restore_subcomponents.push_back(sub);
    return success();
  }
  result<void> set_restore_options(const component_name& name, const std::string& options) override {
    return edit_restore("set_restore_options", name, [&](backup_component& c) { c.restore_options = options; });
  }
  result<void> set_additional_restores(const component_name& name, bool more) override {
    return edit_restore("set_additional_restores", name, [&](backup_component& c) { c.additional_restores = more; });
  }
  result<void> set_file_restore_status(const component_name& name, file_restore_status status) override {
    return edit("set_file_restore_status", name, stage::pre_restored, stage::pre_restored,
                [&](backup_component& c) { c.restore_status = status; });
  }
  result<void> add_new_target(const component_name& name, const new_target& target) override {
    return edit_restore("add_new_target", name, [&](backup_component& c) { c.new_targets.push_back(target); });
  }
  result<void> add_alternative_location_mapping(const component_name& name, const file_spec& mapping) override {
    return edit("add_alternative_location_mapping", name, stage::pre_restored, stage::pre_restored,
                [&](backup_component& c) { c.alternate_location_mappings.push_back(mapping); });
  }
  result<void> set_ranges_file_path(const component_name& name, std::size_t number, const std::string& path) override {
    CHECK(s_->need("set_ranges_file_path", stage::restore_writers, stage::restore_writers));
    TRY(auto* component, s_->component(name));
    if (number >= component->partial_files.size()) {
      return failure(result_code::e_object_not_found, fmt::format("set_ranges_file_path: partial file {}", number));
    }
    component->partial_files[number].ranges = "File=" + path;
    return success();
  }
  result<void> set_authoritative_restore(const component_name& name, bool authoritative) override {
    return edit_restore("set_authoritative_restore", name, [&](backup_component& c) { c.authoritative_restore = authoritative; });
  }
  result<void> set_roll_forward(const component_name& name, rollforward_type type, const std::string& point) override {
    return edit_restore("set_roll_forward", name, [&](backup_component& c) {
      c.roll_forward = type;
      c.roll_forward_point = point;
    });
  }
  result<void> set_restore_name(const component_name& name, const std::string& restored_name) override {
    return edit_restore("set_restore_name", name, [&](backup_component& c) { c.restore_name = restored_name; });
  }

 private:
  using operation = result<void> (*)(session_state&, std::stop_token);

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

  result<async_ptr> tell_async(event what, stage after) {
    return run_async([what, after](session_state& s, const std::stop_token&) -> result<void> {
      s.writers.tell(what, s.facts);
      s.collect_components();
      s.at = after;
      return success();
    });
  }

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

  static result<void> check_context(snapshot_context context, volume_snapshot_attributes more) {
    if (entries(context).end() == std::ranges::find(entries(context), static_cast<std::int64_t>(context), &enum_entry::value)) {
      return failure(result_code::e_unsupported_context, "set_context");
    }
    using a = volume_snapshot_attributes;
    const auto allowed = a::transportable | a::differential | a::plex | a::no_autorecovery | a::rollback_recovery |
                         a::not_transacted | a::txf_recovery;
    if ((more & ~allowed) != a::none)
      return failure(result_code::e_invalidarg, "set_context: attributes a requester cannot ask for");
    if (has(more, a::differential | a::plex))
      return failure(result_code::e_invalidarg, "set_context: differential or plex, not both");
    return success();
  }

  // Chosen components follow the rules of selectability: what is required comes along.
  result<void> check_selection() const {
    if (!s_->document.select_components) return success();
    for (const auto& h : s_->writers.hosts()) CHECK(component_tree(h->metadata()).is_complete(h->components()));
    return success();
  }

  result<void> need_writers(const char* call) const {
    if (s_->with_writers()) return success();
    return failure(result_code::e_bad_state, fmt::format("{}: the context is without writers", call));
  }
  result<void> need_metadata(const char* call) const {
    return s_->at >= stage::restore ? s_->need(call, stage::restore_writers, stage::ended)
                                    : s_->need(call, stage::writers_known, stage::completed);
  }
  result<void> need_saveable(const char* call) const {
    return s_->at >= stage::restore ? s_->need(call, stage::restore, stage::post_restored)
                                    : s_->need(call, stage::set_made, stage::completed);
  }

  void undo() {
    s_->writers.abort(s_->facts);
    if (!s_->set) return;
    if (s_->at < stage::set_made) {
      s_->set->abort();
    } else {
      drop_auto_released(s_->world.providers, s_->set->id());
    }
    s_->lock.reset();
  }

  std::shared_ptr<session_state> s_;
};

}  // namespace

std::unique_ptr<backup_components> create_backup_components(environment world) {
  return std::make_unique<requester_session>(std::move(world));
}

}  // namespace umbra::shadow
