// SPDX-License-Identifier: GPL-3.0-or-later
// The members of the JSON documents, told once: their names, their order, and what stands for one that is left out. What reads
// documents, writes them, and compares them with the published schemas (docs/schemas) visits these.
//
// A visitor has required(name, member), optional(name, member, value if absent), and time(name, timestamp).
#pragma once

#include <concepts>
#include <type_traits>

#include "engine/shadow/backup_document.h"
#include "engine/shadow/writer_metadata.h"

namespace umbra::shadow {

// S, const or not: writing visits constant structures.
template <class T, class S>
concept like = std::same_as<std::remove_const_t<T>, S>;

void members(auto& v, like<file_spec> auto& s) {
  v.required("path", s.path);
  v.optional("spec", s.spec, "*");
  v.optional("recursive", s.recursive, false);
  v.optional("alternate_location", s.alternate_location, "");
  v.optional("backup_types", s.backup_types, file_spec_backup_type::standard);
}

void members(auto& v, like<component_dependency> auto& s) {
  v.required("writer_id", s.writer_id);
  v.optional("logical_path", s.logical_path, "");
  v.required("component_name", s.component_name);
}

void members(auto& v, like<component_info> auto& s) {
  v.optional("type", s.type, component_type::filegroup);
  v.optional("logical_path", s.logical_path, "");
  v.required("name", s.name);
  v.optional("caption", s.caption, "");
  v.optional("restore_metadata", s.restore_metadata, false);
  v.optional("notify_on_backup_complete", s.notify_on_backup_complete, false);
  v.optional("selectable", s.selectable, false);
  v.optional("selectable_for_restore", s.selectable_for_restore, false);
  v.optional("flags", s.flags, component_flags::none);
  v.optional("files", s.files, {});
  v.optional("database_files", s.database_files, {});
  v.optional("log_files", s.log_files, {});
  v.optional("dependencies", s.dependencies, {});
}

// What a writer that says nothing about its restore gets: its files are put back where they can be replaced.
inline const restore_plan_of_writer& usual_restore_plan() {
  static const restore_plan_of_writer plan{restore_method::restore_if_can_replace, {}, {}, writer_restore::never, false};
  return plan;
}

void members(auto& v, like<restore_plan_of_writer> auto& s) {
  v.optional("method", s.method, usual_restore_plan().method);
  v.optional("service", s.service, "");
  v.optional("user_procedure", s.user_procedure, "");
  v.optional("writer_restore", s.when, usual_restore_plan().when);
  v.optional("reboot_required", s.reboot_required, false);
}

void members(auto& v, like<writer_metadata> auto& s) {
  v.required("name", s.identity.name);
  v.required("class_id", s.identity.class_id);
  v.optional("instance_id", s.identity.instance_id, {});
  v.optional("instance_name", s.identity.instance_name, "");
  v.optional("major_version", s.identity.major_version, 0);
  v.optional("minor_version", s.identity.minor_version, 0);
  v.optional("usage", s.identity.usage, usage_type::user_data);
  v.optional("source", s.identity.source, source_type::other);
  v.optional("level", s.identity.level, application_level::front_end);
  v.optional("backup_schema", s.schema, backup_schema::undefined);
  v.optional("restore", s.restore, usual_restore_plan());
  v.optional("components", s.components, {});
  v.optional("excluded", s.excluded, {});
  v.optional("excluded_from_snapshot", s.excluded_from_snapshot, {});
  v.optional("alternate_locations", s.alternate_locations, {});
}

void members(auto& v, like<partial_file> auto& s) {
  v.required("path", s.path);
  v.required("file_name", s.file_name);
  v.required("ranges", s.ranges);
  v.optional("metadata", s.metadata, "");
}

void members(auto& v, like<differenced_file> auto& s) {
  v.required("path", s.path);
  v.optional("spec", s.spec, "*");
  v.optional("recursive", s.recursive, false);
  v.optional("lsn", s.lsn, "");
  v.time("last_modified", s.last_modified);
}

void members(auto& v, like<new_target> auto& s) {
  v.required("path", s.path);
  v.optional("spec", s.spec, "*");
  v.optional("recursive", s.recursive, false);
  v.required("target", s.target);
}

void members(auto& v, like<directed_target> auto& s) {
  v.required("source_path", s.source_path);
  v.required("source_name", s.source_name);
  v.required("source_ranges", s.source_ranges);
  v.required("destination_path", s.destination_path);
  v.required("destination_name", s.destination_name);
  v.required("destination_ranges", s.destination_ranges);
}

void members(auto& v, like<restore_subcomponent> auto& s) {
  v.optional("logical_path", s.logical_path, "");
  v.required("name", s.name);
}

void members(auto& v, like<component_failure> auto& s) {
  v.optional("code", s.code, result_code::s_ok);
  v.optional("application_code", s.application_code, result_code::s_ok);
  v.optional("application_message", s.application_message, "");
}

void members(auto& v, like<backup_component> auto& s) {
  v.optional("type", s.type, component_type::filegroup);
  v.optional("logical_path", s.logical_path, "");
  v.required("name", s.name);
  v.optional("backup_succeeded", s.backup_succeeded, false);
  v.optional("backup_options", s.backup_options, "");
  v.optional("backup_stamp", s.backup_stamp, "");
  v.optional("previous_backup_stamp", s.previous_backup_stamp, "");
  v.optional("backup_metadata", s.backup_metadata, "");
  v.optional("partial_files", s.partial_files, {});
  v.optional("differenced_files", s.differenced_files, {});
  v.optional("prepare_for_backup_failure", s.prepare_for_backup_failure, "");
  v.optional("post_snapshot_failure", s.post_snapshot_failure, "");
  v.optional("failure", s.failure, {});
  v.optional("restore_metadata", s.restore_metadata, "");
  v.optional("selected_for_restore", s.selected_for_restore, false);
  v.optional("additional_restores", s.additional_restores, false);
  v.optional("restore_options", s.restore_options, "");
  v.optional("restore_subcomponents", s.restore_subcomponents, {});
  v.optional("restore_target", s.target, restore_target::undefined);
  v.optional("new_targets", s.new_targets, {});
  v.optional("directed_targets", s.directed_targets, {});
  v.optional("alternate_location_mappings", s.alternate_location_mappings, {});
  v.optional("ranges_file", s.ranges_file, "");
  v.optional("restore_status", s.restore_status, file_restore_status::undefined);
  v.optional("authoritative_restore", s.authoritative_restore, false);
  v.optional("roll_forward", s.roll_forward, rollforward_type::undefined);
  v.optional("roll_forward_point", s.roll_forward_point, "");
  v.optional("restore_name", s.restore_name, "");
  v.optional("pre_restore_failure", s.pre_restore_failure, "");
  v.optional("post_restore_failure", s.post_restore_failure, "");
}

void members(auto& v, like<writer_components> auto& s) {
  v.required("class_id", s.class_id);
  v.optional("instance_id", s.instance_id, {});
  v.optional("components", s.components, {});
}

void members(auto& v, like<snapshot_prop> auto& s) {
  v.required("snapshot_id", s.snapshot_id);
  v.optional("snapshot_set_id", s.snapshot_set_id, {});
  v.optional("snapshots_count", s.snapshots_count, 0);
  v.optional("snapshot_device_object", s.snapshot_device_object, "");
  v.optional("original_volume_name", s.original_volume_name, "");
  v.optional("originating_machine", s.originating_machine, "");
  v.optional("service_machine", s.service_machine, "");
  v.optional("exposed_name", s.exposed_name, "");
  v.optional("exposed_path", s.exposed_path, "");
  v.optional("provider_id", s.provider_id, {});
  v.optional("attributes", s.attributes, volume_snapshot_attributes::none);
  v.time("creation_timestamp", s.creation_timestamp);
  v.optional("status", s.status, snapshot_state::unknown);
}

void members(auto& v, like<backup_document> auto& s) {
  v.required("session_id", s.session_id);
  v.optional("snapshot_set_id", s.snapshot_set_id, {});
  v.optional("backup_type", s.type, backup_type::undefined);
  v.optional("context", s.context, snapshot_context::backup);
  v.optional("attributes", s.attributes, volume_snapshot_attributes::none);
  v.optional("select_components", s.select_components, false);
  v.optional("bootable_system_state", s.bootable_system_state, false);
  v.optional("partial_file_support", s.partial_file_support, false);
  v.optional("writers", s.writers, {});
  v.optional("snapshots", s.snapshots, {});
}

}  // namespace umbra::shadow
