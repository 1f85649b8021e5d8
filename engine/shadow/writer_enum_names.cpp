// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/enum_names.h"

namespace umbra::shadow {

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

std::span<const enum_entry> entries(application_level) noexcept {
  using enum application_level;
  static constexpr enum_entry table[] = {
      entry(unknown, "unknown"),     entry(system, "system"),       entry(back_end, "back_end"),
      entry(front_end, "front_end"), entry(system_rm, "system_rm"), entry(auto_level, "auto_level"),
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

std::span<const enum_entry> entries(component_type) noexcept {
  using enum component_type;
  static constexpr enum_entry table[] = {
      entry(undefined, "undefined"),
      entry(database, "database"),
      entry(filegroup, "filegroup"),
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

}  // namespace umbra::shadow
