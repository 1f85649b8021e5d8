// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include "engine/shadow/component_rules.h"
#include "engine/shadow/requester_session.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {

result<async_ptr> requester_session::pre_restore() {
  CHECK(s_->need("pre_restore", stage::restore_writers, stage::restore_writers));
  return tell_async(event::pre_restore, stage::pre_restored);
}

result<async_ptr> requester_session::post_restore() {
  CHECK(s_->need("post_restore", stage::pre_restored, stage::pre_restored));
  return tell_async(event::post_restore, stage::post_restored);
}

result<void> requester_session::set_selected_for_restore(const component_name& name, bool selected) {
  return edit_restore("set_selected_for_restore", name, [&](backup_component& c) { c.selected_for_restore = selected; });
}

result<void> requester_session::add_restore_subcomponent(const component_name& name, const restore_subcomponent& sub) {
  CHECK(s_->need("add_restore_subcomponent", stage::restore_writers, stage::restore_writers));
  TRY(auto* component, s_->component(name));
  const auto* host = s_->host_of(name.writer_class, name.writer_instance);
  CHECK(component_tree(host->metadata()).may_restore(*component, sub));
  component->restore_subcomponents.push_back(sub);
  return success();
}

result<void> requester_session::set_restore_options(const component_name& name, const std::string& options) {
  return edit_restore("set_restore_options", name, [&](backup_component& c) { c.restore_options = options; });
}

result<void> requester_session::set_additional_restores(const component_name& name, bool more) {
  return edit_restore("set_additional_restores", name, [&](backup_component& c) { c.additional_restores = more; });
}

result<void> requester_session::set_file_restore_status(const component_name& name, file_restore_status status) {
  return edit("set_file_restore_status", name, stage::pre_restored, stage::pre_restored,
              [&](backup_component& c) { c.restore_status = status; });
}

result<void> requester_session::add_new_target(const component_name& name, const new_target& target) {
  return edit_restore("add_new_target", name, [&](backup_component& c) { c.new_targets.push_back(target); });
}

result<void> requester_session::add_alternative_location_mapping(const component_name& name, const file_spec& mapping) {
  return edit("add_alternative_location_mapping", name, stage::pre_restored, stage::pre_restored,
              [&](backup_component& c) { c.alternate_location_mappings.push_back(mapping); });
}

result<void> requester_session::set_ranges_file_path(const component_name& name, std::size_t number, const std::string& path) {
  CHECK(s_->need("set_ranges_file_path", stage::restore_writers, stage::restore_writers));
  TRY(auto* component, s_->component(name));
  if (number >= component->partial_files.size()) {
    return failure(result_code::e_object_not_found, fmt::format("set_ranges_file_path: partial file {}", number));
  }
  component->partial_files[number].ranges = "File=" + path;
  return success();
}

result<void> requester_session::set_authoritative_restore(const component_name& name, bool authoritative) {
  return edit_restore("set_authoritative_restore", name, [&](backup_component& c) { c.authoritative_restore = authoritative; });
}

result<void> requester_session::set_roll_forward(const component_name& name, rollforward_type type, const std::string& point) {
  return edit_restore("set_roll_forward", name, [&](backup_component& c) {
    c.roll_forward = type;
    c.roll_forward_point = point;
  });
}

result<void> requester_session::set_restore_name(const component_name& name, const std::string& restored_name) {
  return edit_restore("set_restore_name", name, [&](backup_component& c) { c.restore_name = restored_name; });
}

}  // namespace umbra::shadow
