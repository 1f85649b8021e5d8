// SPDX-License-Identifier: GPL-3.0-or-later
// The enumerations of the Volume Shadow Copy reference that speak of writers, their components, backups and restores, under their
// documented names and values, in snake_case and without prefixes. `none` and `standard` stand for the empty set and the
// documented default where the reference has no name for them.
#pragma once

#include <cstdint>

#include "engine/shadow/flags.h"

namespace umbra::shadow {

// VSS_WRITER_STATE: where a writer stands
enum class writer_state : std::uint32_t {
  unknown = 0,
  stable = 1,
  waiting_for_freeze = 2,
  waiting_for_thaw = 3,
  waiting_for_post_snapshot = 4,
  waiting_for_backup_complete = 5,
  failed_at_identify = 6,
  failed_at_prepare_backup = 7,
  failed_at_prepare_snapshot = 8,
  failed_at_freeze = 9,
  failed_at_thaw = 10,
  failed_at_post_snapshot = 11,
  failed_at_backup_complete = 12,
  failed_at_pre_restore = 13,
  failed_at_post_restore = 14,
  failed_at_backupshutdown = 15,
};

// VSS_APPLICATION_LEVEL: front ends freeze first, then back ends, then the system
enum class application_level : std::int32_t {
  unknown = 0,
  system = 1,
  back_end = 2,
  front_end = 3,
  system_rm = 4,
  auto_level = -1,
};

// VSS_USAGE_TYPE: how the machine uses a writer's data
enum class usage_type : std::uint32_t {
  undefined = 0,
  bootable_system_state = 1,
  system_service = 2,
  user_data = 3,
  other = 4,
};

// VSS_SOURCE_TYPE: what kind of data a writer has
enum class source_type : std::uint32_t {
  undefined = 0,
  transacted_db = 1,
  nontransacted_db = 2,
  other = 3,
};

// VSS_SUBSCRIBE_MASK: which events a writer wants
enum class subscribe_mask : std::uint32_t {
  none = 0,
  post_snapshot = 1,
  backup_events = 2,
  restore_events = 4,
  io_throttling = 8,
  standard = 6,
  all_flags = 0xFFFFFFFF,
};

// VSS_ALTERNATE_WRITER_STATE
enum class alternate_writer_state : std::uint32_t {
  undefined = 0,
  no_alternate_writer = 1,
  alternate_writer_exists = 2,
  this_is_alternate_writer = 3,
};

// VSS_BACKUP_TYPE: what a backup means for a writer's history; images are copies
enum class backup_type : std::uint32_t {
  undefined = 0,
  full = 1,
  incremental = 2,
  differential = 3,
  log = 4,
  copy = 5,
  other = 6,
};

// VSS_BACKUP_SCHEMA: what kinds of backup a writer can take part in
enum class backup_schema : std::uint32_t {
  undefined = 0,
  differential = 1,
  incremental = 2,
  exclusive_incremental_differential = 4,
  log = 8,
  copy = 0x10,
  timestamped = 0x20,
  last_modify = 0x40,
  lsn = 0x80,
  writer_supports_new_target = 0x100,
  writer_supports_restore_with_move = 0x200,
  independent_system_state = 0x400,
  rollforward_restore = 0x1000,
  restore_rename = 0x2000,
  authoritative_restore = 0x4000,
  writer_supports_parallel_restores = 0x8000,
};

// VSS_COMPONENT_TYPE
enum class component_type : std::uint32_t {
  undefined = 0,
  database = 1,
  filegroup = 2,
};

// VSS_COMPONENT_FLAGS
enum class component_flags : std::uint32_t {
  none = 0,
  backup_recovery = 1,
  app_rollback_recovery = 2,
  not_system_state = 4,
};

// VSS_FILE_SPEC_BACKUP_TYPE: which backups take a file, and which need it from a shadow copy
enum class file_spec_backup_type : std::uint32_t {
  none = 0,
  full_backup_required = 1,
  differential_backup_required = 2,
  incremental_backup_required = 4,
  log_backup_required = 8,
  all_backup_required = 0xF,
  full_snapshot_required = 0x100,
  differential_snapshot_required = 0x200,
  incremental_snapshot_required = 0x400,
  log_snapshot_required = 0x800,
  all_snapshot_required = 0xF00,
  created_during_backup = 0x10000,
  standard = 0xF0F,
};

// VSS_RESTORE_TYPE
enum class restore_type : std::uint32_t {
  undefined = 0,
  by_copy = 1,
  import = 2,
  other = 3,
};

// VSS_RESTOREMETHOD_ENUM: how a writer wants its files back
enum class restore_method : std::uint32_t {
  undefined = 0,
  restore_if_not_there = 1,
  restore_if_can_replace = 2,
  stop_restore_start = 3,
  restore_to_alternate_location = 4,
  restore_at_reboot = 5,
  restore_at_reboot_if_cannot_replace = 6,
  custom = 7,
  restore_stop_start = 8,
};

// VSS_WRITERRESTORE_ENUM: whether a writer takes part in restores
enum class writer_restore : std::uint32_t {
  undefined = 0,
  never = 1,
  if_replace_fails = 2,
  always = 3,
};

// VSS_RESTORE_TARGET: where a component goes at a restore
enum class restore_target : std::uint32_t {
  undefined = 0,
  original = 1,
  alternate = 2,
  directed = 3,
  original_location = 4,
};

// VSS_FILE_RESTORE_STATUS: how the restore of a component's files ended
enum class file_restore_status : std::uint32_t {
  undefined = 0,
  none = 1,
  all = 2,
  failed = 3,
};

// VSS_ROLLFORWARD_TYPE
enum class rollforward_type : std::uint32_t {
  undefined = 0,
  none = 1,
  all = 2,
  partial = 3,
};

template <>
struct is_flags<subscribe_mask> : std::true_type {};
template <>
struct is_flags<backup_schema> : std::true_type {};
template <>
struct is_flags<component_flags> : std::true_type {};
template <>
struct is_flags<file_spec_backup_type> : std::true_type {};

}  // namespace umbra::shadow
