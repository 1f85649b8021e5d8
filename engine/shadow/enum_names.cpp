// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/enum_names.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace umbra::shadow {
namespace {

template <class E>
constexpr enum_entry entry(E value, std::string_view name) {
  return {static_cast<std::int64_t>(value), name};
}

bool is_single_bit(std::int64_t value) { return value > 0 && (value & (value - 1)) == 0; }

std::optional<std::int64_t> number_in(std::string_view text) {
  if (!text.starts_with("0x")) return std::nullopt;
  std::uint32_t value = 0;
  const auto end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data() + 2, end, value, 16);
  if (problem != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::string bits_in(std::span<const enum_entry> table, std::int64_t value) {
  std::string text;
  auto rest = value;
  for (const auto& e : table) {
    if (!is_single_bit(e.value) || (rest & e.value) == 0) continue;
    text += text.empty() ? "" : "|";
    text += e.name;
    rest &= ~e.value;
  }
  if (rest != 0) text += fmt::format("{}0x{:x}", text.empty() ? "" : "|", rest);
  return text;
}

}  // namespace

std::string name_in(std::span<const enum_entry> table, std::int64_t value, bool bits) {
  const auto found = std::ranges::find(table, value, &enum_entry::value);
  if (found != table.end() && (!bits || value == 0 || is_single_bit(value))) return std::string(found->name);
  return bits ? bits_in(table, value) : fmt::format("unknown({})", value);
}

std::optional<std::int64_t> value_in(std::span<const enum_entry> table, std::string_view name, bool bits) {
  const auto found = std::ranges::find(table, name, &enum_entry::name);
  if (found != table.end()) return found->value;
  if (!bits) return std::nullopt;
  std::int64_t value = 0;
  while (!name.empty()) {
    const auto bar = name.find('|');
    const auto one = name.substr(0, bar);
    const auto known = std::ranges::find(table, one, &enum_entry::name);
    const auto part = known != table.end() ? std::optional(known->value) : number_in(one);
    if (!part) return std::nullopt;
    value |= *part;
    if (bar == std::string_view::npos) return value;
    name.remove_prefix(bar + 1);
  }
  return std::nullopt;
}

std::span<const enum_entry> entries(object_type) noexcept {
  using enum object_type;
  static constexpr enum_entry table[] = {
      entry(unknown, "unknown"),   entry(none, "none"),         entry(snapshot_set, "snapshot_set"),
      entry(snapshot, "snapshot"), entry(provider, "provider"),
  };
  return table;
}

std::span<const enum_entry> entries(snapshot_state) noexcept {
  using enum snapshot_state;
  static constexpr enum_entry table[] = {
      entry(unknown, "unknown"),
      entry(preparing, "preparing"),
      entry(processing_prepare, "processing_prepare"),
      entry(prepared, "prepared"),
      entry(processing_precommit, "processing_precommit"),
      entry(precommitted, "precommitted"),
      entry(processing_commit, "processing_commit"),
      entry(committed, "committed"),
      entry(processing_postcommit, "processing_postcommit"),
      entry(processing_prefinalcommit, "processing_prefinalcommit"),
      entry(prefinalcommitted, "prefinalcommitted"),
      entry(processing_postfinalcommit, "processing_postfinalcommit"),
      entry(created, "created"),
      entry(aborted, "aborted"),
      entry(deleted, "deleted"),
      entry(postcommitted, "postcommitted"),
  };
  return table;
}

std::span<const enum_entry> entries(volume_snapshot_attributes) noexcept {
  using enum volume_snapshot_attributes;
  static constexpr enum_entry table[] = {
      entry(none, "none"),
      entry(persistent, "persistent"),
      entry(no_autorecovery, "no_autorecovery"),
      entry(client_accessible, "client_accessible"),
      entry(no_auto_release, "no_auto_release"),
      entry(no_writers, "no_writers"),
      entry(transportable, "transportable"),
      entry(not_surfaced, "not_surfaced"),
      entry(not_transacted, "not_transacted"),
      entry(hardware_assisted, "hardware_assisted"),
      entry(differential, "differential"),
      entry(plex, "plex"),
      entry(imported, "imported"),
      entry(exposed_locally, "exposed_locally"),
      entry(exposed_remotely, "exposed_remotely"),
      entry(autorecover, "autorecover"),
      entry(rollback_recovery, "rollback_recovery"),
      entry(delayed_postsnapshot, "delayed_postsnapshot"),
      entry(txf_recovery, "txf_recovery"),
      entry(file_share, "file_share"),
  };
  return table;
}

std::span<const enum_entry> entries(snapshot_context) noexcept {
  using enum snapshot_context;
  static constexpr enum_entry table[] = {
      entry(backup, "backup"),
      entry(file_share_backup, "file_share_backup"),
      entry(app_rollback, "app_rollback"),
      entry(client_accessible_writers, "client_accessible_writers"),
      entry(nas_rollback, "nas_rollback"),
      entry(client_accessible, "client_accessible"),
      entry(all, "all"),
  };
  return table;
}

std::span<const enum_entry> entries(provider_capabilities) noexcept {
  using enum provider_capabilities;
  static constexpr enum_entry table[] = {
      entry(none, "none"),
      entry(legacy, "legacy"),
      entry(compliant, "compliant"),
      entry(lun_repoint, "lun_repoint"),
      entry(lun_resync, "lun_resync"),
      entry(offline_creation, "offline_creation"),
      entry(multiple_import, "multiple_import"),
      entry(recycling, "recycling"),
      entry(plex, "plex"),
      entry(differential, "differential"),
      entry(clustered, "clustered"),
  };
  return table;
}

std::span<const enum_entry> entries(hardware_options) noexcept {
  using enum hardware_options;
  static constexpr enum_entry table[] = {
      entry(none, "none"),
      entry(breakex_mask_luns, "breakex_mask_luns"),
      entry(breakex_make_read_write, "breakex_make_read_write"),
      entry(breakex_revert_identity_all, "breakex_revert_identity_all"),
      entry(breakex_revert_identity_none, "breakex_revert_identity_none"),
      entry(onlunstatechange_notify_read_write, "onlunstatechange_notify_read_write"),
      entry(onlunstatechange_notify_lun_pre_recovery, "onlunstatechange_notify_lun_pre_recovery"),
      entry(onlunstatechange_notify_lun_post_recovery, "onlunstatechange_notify_lun_post_recovery"),
      entry(onlunstatechange_do_mask_luns, "onlunstatechange_do_mask_luns"),
  };
  return table;
}

std::span<const enum_entry> entries(recovery_options) noexcept {
  using enum recovery_options;
  static constexpr enum_entry table[] = {
      entry(none, "none"),
      entry(revert_identity_all, "revert_identity_all"),
      entry(no_volume_check, "no_volume_check"),
  };
  return table;
}

std::span<const enum_entry> entries(writer_state) noexcept {
  using enum writer_state;
  static constexpr enum_entry table[] = {
      entry(unknown, "unknown"),
      entry(stable, "stable"),
      entry(waiting_for_freeze, "waiting_for_freeze"),
      entry(waiting_for_thaw, "waiting_for_thaw"),
      entry(waiting_for_post_snapshot, "waiting_for_post_snapshot"),
      entry(waiting_for_backup_complete, "waiting_for_backup_complete"),
      entry(failed_at_identify, "failed_at_identify"),
      entry(failed_at_prepare_backup, "failed_at_prepare_backup"),
      entry(failed_at_prepare_snapshot, "failed_at_prepare_snapshot"),
      entry(failed_at_freeze, "failed_at_freeze"),
      entry(failed_at_thaw, "failed_at_thaw"),
      entry(failed_at_post_snapshot, "failed_at_post_snapshot"),
      entry(failed_at_backup_complete, "failed_at_backup_complete"),
      entry(failed_at_pre_restore, "failed_at_pre_restore"),
      entry(failed_at_post_restore, "failed_at_post_restore"),
      entry(failed_at_backupshutdown, "failed_at_backupshutdown"),
  };
  return table;
}

std::span<const enum_entry> entries(backup_type) noexcept {
  using enum backup_type;
  static constexpr enum_entry table[] = {
      entry(undefined, "undefined"),
      entry(full, "full"),
      entry(incremental, "incremental"),
      entry(differential, "differential"),
      entry(log, "log"),
      entry(copy, "copy"),
      entry(other, "other"),
  };
  return table;
}

std::span<const enum_entry> entries(restore_type) noexcept {
  using enum restore_type;
  static constexpr enum_entry table[] = {
      entry(undefined, "undefined"),
      entry(by_copy, "by_copy"),
      entry(import, "import"),
      entry(other, "other"),
  };
  return table;
}

std::span<const enum_entry> entries(rollforward_type) noexcept {
  using enum rollforward_type;
  static constexpr enum_entry table[] = {
      entry(undefined, "undefined"),
      entry(none, "none"),
      entry(all, "all"),
      entry(partial, "partial"),
  };
  return table;
}

std::span<const enum_entry> entries(provider_type) noexcept {
  using enum provider_type;
  static constexpr enum_entry table[] = {
      entry(unknown, "unknown"),   entry(system, "system"),       entry(software, "software"),
      entry(hardware, "hardware"), entry(fileshare, "fileshare"),
  };
  return table;
}

std::span<const enum_entry> entries(application_level) noexcept {
  using enum application_level;
  static constexpr enum_entry table[] = {
      entry(unknown, "unknown"),     entry(system, "system"),       entry(back_end, "back_end"),
      entry(front_end, "front_end"), entry(system_rm, "system_rm"), entry(auto_level, "auto_level"),
  };
  return table;
}

std::span<const enum_entry> entries(snapshot_compatibility) noexcept {
  using enum snapshot_compatibility;
  static constexpr enum_entry table[] = {
      entry(none, "none"),
      entry(disable_defrag, "disable_defrag"),
      entry(disable_contentindex, "disable_contentindex"),
  };
  return table;
}

std::span<const enum_entry> entries(snapshot_property_id) noexcept {
  using enum snapshot_property_id;
  static constexpr enum_entry table[] = {
      entry(unknown, "unknown"),
      entry(snapshot_id, "snapshot_id"),
      entry(snapshot_set_id, "snapshot_set_id"),
      entry(snapshots_count, "snapshots_count"),
      entry(snapshot_device, "snapshot_device"),
      entry(original_volume, "original_volume"),
      entry(originating_machine, "originating_machine"),
      entry(service_machine, "service_machine"),
      entry(exposed_name, "exposed_name"),
      entry(exposed_path, "exposed_path"),
      entry(provider_id, "provider_id"),
      entry(snapshot_attributes, "snapshot_attributes"),
      entry(creation_timestamp, "creation_timestamp"),
      entry(status, "status"),
  };
  return table;
}

std::span<const enum_entry> entries(file_spec_backup_type) noexcept {
  using enum file_spec_backup_type;
  static constexpr enum_entry table[] = {
      entry(none, "none"),
      entry(full_backup_required, "full_backup_required"),
      entry(differential_backup_required, "differential_backup_required"),
      entry(incremental_backup_required, "incremental_backup_required"),
      entry(log_backup_required, "log_backup_required"),
      entry(all_backup_required, "all_backup_required"),
      entry(full_snapshot_required, "full_snapshot_required"),
      entry(differential_snapshot_required, "differential_snapshot_required"),
      entry(incremental_snapshot_required, "incremental_snapshot_required"),
      entry(log_snapshot_required, "log_snapshot_required"),
      entry(all_snapshot_required, "all_snapshot_required"),
      entry(created_during_backup, "created_during_backup"),
      entry(standard, "standard"),
  };
  return table;
}

std::span<const enum_entry> entries(backup_schema) noexcept {
  using enum backup_schema;
  static constexpr enum_entry table[] = {
      entry(undefined, "undefined"),
      entry(differential, "differential"),
      entry(incremental, "incremental"),
      entry(exclusive_incremental_differential, "exclusive_incremental_differential"),
      entry(log, "log"),
      entry(copy, "copy"),
      entry(timestamped, "timestamped"),
      entry(last_modify, "last_modify"),
      entry(lsn, "lsn"),
      entry(writer_supports_new_target, "writer_supports_new_target"),
      entry(writer_supports_restore_with_move, "writer_supports_restore_with_move"),
      entry(independent_system_state, "independent_system_state"),
      entry(rollforward_restore, "rollforward_restore"),
      entry(restore_rename, "restore_rename"),
      entry(authoritative_restore, "authoritative_restore"),
      entry(writer_supports_parallel_restores, "writer_supports_parallel_restores"),
  };
  return table;
}

std::span<const enum_entry> entries(usage_type) noexcept {
  using enum usage_type;
  static constexpr enum_entry table[] = {
      entry(undefined, "undefined"),
      entry(bootable_system_state, "bootable_system_state"),
      entry(system_service, "system_service"),
      entry(user_data, "user_data"),
      entry(other, "other"),
  };
  return table;
}

std::span<const enum_entry> entries(source_type) noexcept {
  using enum source_type;
  static constexpr enum_entry table[] = {
      entry(undefined, "undefined"),
      entry(transacted_db, "transacted_db"),
      entry(nontransacted_db, "nontransacted_db"),
      entry(other, "other"),
  };
  return table;
}

std::span<const enum_entry> entries(restore_method) noexcept {
  using enum restore_method;
  static constexpr enum_entry table[] = {
      entry(undefined, "undefined"),
      entry(restore_if_not_there, "restore_if_not_there"),
      entry(restore_if_can_replace, "restore_if_can_replace"),
      entry(stop_restore_start, "stop_restore_start"),
      entry(restore_to_alternate_location, "restore_to_alternate_location"),
      entry(restore_at_reboot, "restore_at_reboot"),
      entry(restore_at_reboot_if_cannot_replace, "restore_at_reboot_if_cannot_replace"),
      entry(custom, "custom"),
      entry(restore_stop_start, "restore_stop_start"),
  };
  return table;
}

std::span<const enum_entry> entries(writer_restore) noexcept {
  using enum writer_restore;
  static constexpr enum_entry table[] = {
      entry(undefined, "undefined"),
      entry(never, "never"),
      entry(if_replace_fails, "if_replace_fails"),
      entry(always, "always"),
  };
  return table;
}

std::span<const enum_entry> entries(component_type) noexcept {
  using enum component_type;
  static constexpr enum_entry table[] = {
      entry(undefined, "undefined"),
      entry(database, "database"),
      entry(filegroup, "filegroup"),
  };
  return table;
}

std::span<const enum_entry> entries(alternate_writer_state) noexcept {
  using enum alternate_writer_state;
  static constexpr enum_entry table[] = {
      entry(undefined, "undefined"),
      entry(no_alternate_writer, "no_alternate_writer"),
      entry(alternate_writer_exists, "alternate_writer_exists"),
      entry(this_is_alternate_writer, "this_is_alternate_writer"),
  };
  return table;
}

std::span<const enum_entry> entries(subscribe_mask) noexcept {
  using enum subscribe_mask;
  static constexpr enum_entry table[] = {
      entry(none, "none"),
      entry(post_snapshot, "post_snapshot"),
      entry(backup_events, "backup_events"),
      entry(restore_events, "restore_events"),
      entry(io_throttling, "io_throttling"),
      entry(standard, "standard"),
      entry(all_flags, "all_flags"),
  };
  return table;
}

std::span<const enum_entry> entries(restore_target) noexcept {
  using enum restore_target;
  static constexpr enum_entry table[] = {
      entry(undefined, "undefined"),
      entry(original, "original"),
      entry(alternate, "alternate"),
      entry(directed, "directed"),
      entry(original_location, "original_location"),
  };
  return table;
}

std::span<const enum_entry> entries(file_restore_status) noexcept {
  using enum file_restore_status;
  static constexpr enum_entry table[] = {
      entry(undefined, "undefined"),
      entry(none, "none"),
      entry(all, "all"),
      entry(failed, "failed"),
  };
  return table;
}

std::span<const enum_entry> entries(component_flags) noexcept {
  using enum component_flags;
  static constexpr enum_entry table[] = {
      entry(none, "none"),
      entry(backup_recovery, "backup_recovery"),
      entry(app_rollback_recovery, "app_rollback_recovery"),
      entry(not_system_state, "not_system_state"),
  };
  return table;
}

std::span<const enum_entry> entries(mgmt_object_type) noexcept {
  using enum mgmt_object_type;
  static constexpr enum_entry table[] = {
      entry(unknown, "unknown"),
      entry(volume, "volume"),
      entry(diff_volume, "diff_volume"),
      entry(diff_area, "diff_area"),
  };
  return table;
}

std::span<const enum_entry> entries(protection_level) noexcept {
  using enum protection_level;
  static constexpr enum_entry table[] = {
      entry(original_volume, "original_volume"),
      entry(snapshot, "snapshot"),
  };
  return table;
}

std::span<const enum_entry> entries(protection_fault) noexcept {
  using enum protection_fault;
  static constexpr enum_entry table[] = {
      entry(none, "none"),
      entry(diff_area_missing, "diff_area_missing"),
      entry(io_failure_during_online, "io_failure_during_online"),
      entry(meta_data_corruption, "meta_data_corruption"),
      entry(memory_allocation_failure, "memory_allocation_failure"),
      entry(mapped_memory_failure, "mapped_memory_failure"),
      entry(cow_read_failure, "cow_read_failure"),
      entry(cow_write_failure, "cow_write_failure"),
      entry(diff_area_full, "diff_area_full"),
      entry(grow_too_slow, "grow_too_slow"),
      entry(grow_failed, "grow_failed"),
      entry(destroy_all_snapshots, "destroy_all_snapshots"),
      entry(file_system_failure, "file_system_failure"),
      entry(io_failure, "io_failure"),
      entry(diff_area_removed, "diff_area_removed"),
      entry(external_writer_to_diff_area, "external_writer_to_diff_area"),
      entry(mount_during_cluster_offline, "mount_during_cluster_offline"),
  };
  return table;
}

}  // namespace umbra::shadow
