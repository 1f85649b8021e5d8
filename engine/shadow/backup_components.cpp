// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/requester_session.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/shadow/component_rules.h"
#include "engine/shadow/copies.h"
#include "engine/shadow/document_json.h"
#include "engine/shadow/document_xml.h"
#include "engine/shadow/enum_names.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {

requester_session::requester_session(environment world) : s_(std::make_shared<session_state>(std::move(world))) {
  s_->facts.session_id = s_->world.random->make<guid>();
  s_->document.session_id = s_->facts.session_id;
}

requester_session::~requester_session() {
  // An asynchronous call owns the state, too; its own object cancels it and waits.
  if (s_->at == stage::made) return;
  if (s_->is_backup() && s_->at != stage::completed) undo();
  if (s_->set) drop_auto_released(s_->world.providers, s_->set->id());
  s_->writers.tell(event::backup_shutdown, s_->facts);
}

// --- session

result<void> requester_session::initialize_for_backup() {
  CHECK(s_->need("initialize_for_backup", stage::made, stage::made));
  s_->at = stage::backup;
  return success();
}

result<void> requester_session::initialize_for_restore(const std::string& document) {
  CHECK(s_->need("initialize_for_restore", stage::made, stage::made));
  TRY(s_->document, backup_document_from_json(document));
  s_->at = stage::restore;
  return success();
}

result<void> requester_session::set_context(snapshot_context context, volume_snapshot_attributes more) {
  CHECK(s_->need("set_context", stage::backup, stage::backup));
  if (s_->state_set) return failure(result_code::e_bad_state, "set_context: after set_backup_state");
  CHECK(check_context(context, more));
  s_->document.context = s_->facts.context = context;
  s_->document.attributes = context == snapshot_context::all ? volume_snapshot_attributes::none : attributes_of(context) | more;
  return success();
}

result<void> requester_session::set_backup_state(bool select_components, bool bootable_system_state, backup_type type,
                                                 bool partial_file_support) {
  CHECK(s_->need("set_backup_state", stage::backup, stage::backup));
  if (type == backup_type::undefined) return failure(result_code::e_invalidarg, "set_backup_state: no type of backup");
  s_->state_set = true;
  s_->document.select_components = s_->facts.components_selected = select_components;
  s_->document.bootable_system_state = s_->facts.bootable_system_state = bootable_system_state;
  s_->document.type = s_->facts.type = type;
  s_->document.partial_file_support = s_->facts.partial_file_support = partial_file_support;
  return success();
}

result<void> requester_session::set_restore_state(restore_type type) {
  CHECK(s_->need("set_restore_state", stage::restore, stage::restore));
  s_->facts.restore = type;
  return success();
}

result<void> requester_session::abort_backup() {
  if (s_->at == stage::ended) return success();
  CHECK(s_->need("abort_backup", stage::backup, stage::completed));
  undo();
  s_->at = stage::ended;
  return success();
}

result<async_ptr> requester_session::backup_complete() {
  CHECK(s_->need("backup_complete", stage::set_made, stage::set_made));
  CHECK(need_writers("backup_complete"));
  return run_async([](session_state& s, const std::stop_token&) -> result<void> {
    s.collect_components();
    s.writers.tell(event::backup_complete, s.facts);
    s.at = stage::completed;
    return success();
  });
}

result<std::string> requester_session::save_as_json() const {
  CHECK(need_saveable("save_as_json"));
  return to_json(s_->document);
}

result<std::string> requester_session::save_as_xml() const {
  CHECK(need_saveable("save_as_xml"));
  return to_xml(s_->document);
}

// --- writers

result<void> requester_session::enable_writer_classes(const std::vector<guid>& classes) {
  CHECK(s_->need("enable_writer_classes", stage::backup, stage::backup));
  s_->filter.enabled_classes.insert(s_->filter.enabled_classes.end(), classes.begin(), classes.end());
  return success();
}

result<void> requester_session::disable_writer_classes(const std::vector<guid>& classes) {
  CHECK(s_->need("disable_writer_classes", stage::backup, stage::backup));
  s_->filter.disabled_classes.insert(s_->filter.disabled_classes.end(), classes.begin(), classes.end());
  return success();
}

result<void> requester_session::disable_writer_instances(const std::vector<guid>& instances) {
  CHECK(s_->need("disable_writer_instances", stage::backup, stage::backup));
  s_->filter.disabled_instances.insert(s_->filter.disabled_instances.end(), instances.begin(), instances.end());
  return success();
}

result<async_ptr> requester_session::gather_writer_metadata() {
  const bool restoring = s_->is_restore();
  CHECK(
      s_->need("gather_writer_metadata", restoring ? stage::restore : stage::backup, restoring ? stage::restore : stage::backup));
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

result<std::vector<writer_metadata>> requester_session::get_writer_metadata() const {
  CHECK(need_metadata("get_writer_metadata"));
  std::vector<writer_metadata> documents;
  for (const auto& h : s_->writers.hosts()) documents.push_back(h->metadata());
  return documents;
}

result<async_ptr> requester_session::gather_writer_status() {
  CHECK(need_metadata("gather_writer_status"));
  return run_async([](session_state& s, const std::stop_token&) -> result<void> {
    s.gathered.clear();
    for (const auto& h : s.writers.hosts()) s.gathered.push_back(h->status());
    s.status_known = true;
    return success();
  });
}

result<std::vector<writer_status>> requester_session::get_writer_status() const {
  CHECK(s_->need_initialised("get_writer_status"));
  if (!s_->status_known) return failure(result_code::e_bad_state, "get_writer_status: gather_writer_status comes first");
  return s_->gathered;
}

// --- components

result<void> requester_session::add_component(const component_name& name) {
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

result<std::vector<writer_components>> requester_session::get_writer_components() const {
  CHECK(s_->need_initialised("get_writer_components"));
  std::vector<writer_components> list;
  for (const auto& h : s_->writers.hosts()) {
    if (!h->components().components.empty()) list.push_back(h->components());
  }
  return list;
}

result<void> requester_session::set_backup_options(const component_name& name, const std::string& options) {
  return edit("set_backup_options", name, stage::writers_known, stage::set_started,
              [&](backup_component& c) { c.backup_options = options; });
}

result<void> requester_session::set_previous_backup_stamp(const component_name& name, const std::string& stamp) {
  return edit("set_previous_backup_stamp", name, stage::writers_known, stage::set_started,
              [&](backup_component& c) { c.previous_backup_stamp = stamp; });
}

result<void> requester_session::set_backup_succeeded(const component_name& name, bool succeeded) {
  return edit("set_backup_succeeded", name, stage::set_made, stage::set_made,
              [&](backup_component& c) { c.backup_succeeded = succeeded; });
}

result<async_ptr> requester_session::tell_async(event what, stage after) {
  return run_async([what, after](session_state& s, const std::stop_token&) -> result<void> {
    s.writers.tell(what, s.facts);
    s.collect_components();
    s.at = after;
    return success();
  });
}

result<void> requester_session::check_context(snapshot_context context, volume_snapshot_attributes more) {
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

result<void> requester_session::check_selection() const {
  if (!s_->document.select_components) return success();
  for (const auto& h : s_->writers.hosts()) CHECK(component_tree(h->metadata()).is_complete(h->components()));
  return success();
}

result<void> requester_session::need_writers(const char* call) const {
  if (s_->with_writers()) return success();
  return failure(result_code::e_bad_state, fmt::format("{}: the context is without writers", call));
}

result<void> requester_session::need_metadata(const char* call) const {
  return s_->at >= stage::restore ? s_->need(call, stage::restore_writers, stage::ended)
                                  : s_->need(call, stage::writers_known, stage::completed);
}

result<void> requester_session::need_saveable(const char* call) const {
  return s_->at >= stage::restore ? s_->need(call, stage::restore, stage::post_restored)
                                  : s_->need(call, stage::set_made, stage::completed);
}

void requester_session::undo() {
  s_->writers.abort(s_->facts);
  if (!s_->set) return;
  if (s_->at < stage::set_made) {
    s_->set->abort();
  } else {
    drop_auto_released(s_->world.providers, s_->set->id());
  }
  s_->lock.reset();
}

std::unique_ptr<backup_components> create_backup_components(environment world) {
  return std::make_unique<requester_session>(std::move(world));
}

}  // namespace umbra::shadow
