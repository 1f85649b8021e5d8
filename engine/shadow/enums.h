// SPDX-License-Identifier: GPL-3.0-or-later
// The enumerations of the Volume Shadow Copy reference under their documented names and values, in snake_case and without
// prefixes. `none` and `standard` stand for the empty set and the documented default where the reference has no name for them.
#pragma once

#include <cstdint>
#include <type_traits>

namespace umbra::shadow {

// VSS_OBJECT_TYPE: what an id names
enum class object_type : std::uint32_t {
  unknown = 0,
  none = 1,
  snapshot_set = 2,
  snapshot = 3,
  provider = 4,
};

// VSS_SNAPSHOT_STATE: how far the making of a shadow copy has come
enum class snapshot_state : std::uint32_t {
  unknown = 0,
  preparing = 1,
  processing_prepare = 2,
  prepared = 3,
  processing_precommit = 4,
  precommitted = 5,
  processing_commit = 6,
  committed = 7,
  processing_postcommit = 8,
  processing_prefinalcommit = 9,
  prefinalcommitted = 10,
  processing_postfinalcommit = 11,
  created = 12,
  aborted = 13,
  deleted = 14,
  postcommitted = 15,
};

// VSS_VOLUME_SNAPSHOT_ATTRIBUTES: bits of a shadow copy, and of a context
enum class volume_snapshot_attributes : std::uint32_t {
  none = 0,
  persistent = 1,
  no_autorecovery = 2,
  client_accessible = 4,
  no_auto_release = 8,
  no_writers = 0x10,
  transportable = 0x20,
  not_surfaced = 0x40,
  not_transacted = 0x80,
  hardware_assisted = 0x10000,
  differential = 0x20000,
  plex = 0x40000,
  imported = 0x80000,
  exposed_locally = 0x100000,
  exposed_remotely = 0x200000,
  autorecover = 0x400000,
  rollback_recovery = 0x800000,
  delayed_postsnapshot = 0x1000000,
  txf_recovery = 0x2000000,
  file_share = 0x4000000,
};

// VSS_SNAPSHOT_CONTEXT: what a shadow copy is for; a value is a set of attributes
enum class snapshot_context : std::uint32_t {
  backup = 0,
  file_share_backup = 0x10,
  app_rollback = 0x9,
  client_accessible_writers = 0xD,
  nas_rollback = 0x19,
  client_accessible = 0x1D,
  all = 0xFFFFFFFF,
};

// VSS_PROVIDER_CAPABILITIES: of hardware providers
enum class provider_capabilities : std::uint32_t {
  none = 0,
  legacy = 1,
  compliant = 2,
  lun_repoint = 4,
  lun_resync = 8,
  offline_creation = 0x10,
  multiple_import = 0x20,
  recycling = 0x40,
  plex = 0x80,
  differential = 0x100,
  clustered = 0x200,
};

// VSS_HARDWARE_OPTIONS: of breaking and of state changes of LUNs
enum class hardware_options : std::uint32_t {
  none = 0,
  breakex_mask_luns = 1,
  breakex_make_read_write = 2,
  breakex_revert_identity_all = 4,
  breakex_revert_identity_none = 8,
  onlunstatechange_notify_read_write = 0x100,
  onlunstatechange_notify_lun_pre_recovery = 0x200,
  onlunstatechange_notify_lun_post_recovery = 0x400,
  onlunstatechange_do_mask_luns = 0x800,
};

// VSS_RECOVERY_OPTIONS: of resynchronising LUNs
enum class recovery_options : std::uint32_t {
  none = 0,
  revert_identity_all = 0x100,
  no_volume_check = 0x200,
};

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

// VSS_RESTORE_TYPE
enum class restore_type : std::uint32_t {
  undefined = 0,
  by_copy = 1,
  import = 2,
  other = 3,
};

// VSS_ROLLFORWARD_TYPE
enum class rollforward_type : std::uint32_t {
  undefined = 0,
  none = 1,
  all = 2,
  partial = 3,
};

// VSS_PROVIDER_TYPE: selection prefers hardware to software to system
enum class provider_type : std::uint32_t {
  unknown = 0,
  system = 1,
  software = 2,
  hardware = 3,
  fileshare = 4,
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

// VSS_SNAPSHOT_COMPATIBILITY: what should not be done on a volume with shadow copies
enum class snapshot_compatibility : std::uint32_t {
  none = 0,
  disable_defrag = 1,
  disable_contentindex = 2,
};

// VSS_SNAPSHOT_PROPERTY_ID
enum class snapshot_property_id : std::uint32_t {
  unknown = 0,
  snapshot_id = 1,
  snapshot_set_id = 2,
  snapshots_count = 3,
  snapshot_device = 4,
  original_volume = 5,
  originating_machine = 6,
  service_machine = 7,
  exposed_name = 8,
  exposed_path = 9,
  provider_id = 0xA,
  snapshot_attributes = 0xB,
  creation_timestamp = 0xC,
  status = 0xD,
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

// VSS_COMPONENT_TYPE
enum class component_type : std::uint32_t {
  undefined = 0,
  database = 1,
  filegroup = 2,
};

// VSS_ALTERNATE_WRITER_STATE
enum class alternate_writer_state : std::uint32_t {
  undefined = 0,
  no_alternate_writer = 1,
  alternate_writer_exists = 2,
  this_is_alternate_writer = 3,
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

// VSS_COMPONENT_FLAGS
enum class component_flags : std::uint32_t {
  none = 0,
  backup_recovery = 1,
  app_rollback_recovery = 2,
  not_system_state = 4,
};

// VSS_MGMT_OBJECT_TYPE
enum class mgmt_object_type : std::uint32_t {
  unknown = 0,
  volume = 1,
  diff_volume = 2,
  diff_area = 3,
};

// VSS_PROTECTION_LEVEL: who gives way when the storage of shadow copies is full
enum class protection_level : std::uint32_t {
  original_volume = 0,
  snapshot = 1,
};

// VSS_PROTECTION_FAULT: why shadow copies were lost, or their volume was taken off line
enum class protection_fault : std::uint32_t {
  none = 0,
  diff_area_missing = 1,
  io_failure_during_online = 2,
  meta_data_corruption = 3,
  memory_allocation_failure = 4,
  mapped_memory_failure = 5,
  cow_read_failure = 6,
  cow_write_failure = 7,
  diff_area_full = 8,
  grow_too_slow = 9,
  grow_failed = 10,
  destroy_all_snapshots = 11,
  file_system_failure = 12,
  io_failure = 13,
  diff_area_removed = 14,
  external_writer_to_diff_area = 15,
  mount_during_cluster_offline = 16,
};

// The enumerations whose values are sets of bits.
template <class E>
struct is_flags : std::false_type {};
template <>
struct is_flags<volume_snapshot_attributes> : std::true_type {};
template <>
struct is_flags<provider_capabilities> : std::true_type {};
template <>
struct is_flags<hardware_options> : std::true_type {};
template <>
struct is_flags<recovery_options> : std::true_type {};
template <>
struct is_flags<snapshot_compatibility> : std::true_type {};
template <>
struct is_flags<file_spec_backup_type> : std::true_type {};
template <>
struct is_flags<backup_schema> : std::true_type {};
template <>
struct is_flags<subscribe_mask> : std::true_type {};
template <>
struct is_flags<component_flags> : std::true_type {};

template <class E>
concept flags = is_flags<E>::value;

template <flags E>
constexpr E operator|(E a, E b) {
  return static_cast<E>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
template <flags E>
constexpr E operator&(E a, E b) {
  return static_cast<E>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}
template <flags E>
constexpr E operator~(E a) {
  return static_cast<E>(~static_cast<std::uint32_t>(a));
}
template <flags E>
constexpr E& operator|=(E& a, E b) {
  return a = a | b;
}
template <flags E>
constexpr bool has(E set, E bits) {
  return (set & bits) == bits;
}

// A context as the attributes that it stands for.
constexpr volume_snapshot_attributes attributes_of(snapshot_context context) {
  return static_cast<volume_snapshot_attributes>(static_cast<std::uint32_t>(context));
}

}  // namespace umbra::shadow
