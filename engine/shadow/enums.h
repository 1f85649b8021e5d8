// SPDX-License-Identifier: GPL-3.0-or-later
// The enumerations of the Volume Shadow Copy reference that speak of shadow copies, providers and their storage, under their
// documented names and values, in snake_case and without prefixes; those of writers stand in writer_enums.h. `none` stands for
// the empty set where the reference has no name for it.
#pragma once

#include <cstdint>

#include "engine/shadow/flags.h"

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

// VSS_SNAPSHOT_COMPATIBILITY: what should not be done on a volume with shadow copies
enum class snapshot_compatibility : std::uint32_t {
  none = 0,
  disable_defrag = 1,
  disable_contentindex = 2,
};

// VSS_PROVIDER_TYPE: selection prefers hardware to software to system
enum class provider_type : std::uint32_t {
  unknown = 0,
  system = 1,
  software = 2,
  hardware = 3,
  fileshare = 4,
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

template <>
struct is_flags<volume_snapshot_attributes> : std::true_type {};
template <>
struct is_flags<snapshot_compatibility> : std::true_type {};
template <>
struct is_flags<provider_capabilities> : std::true_type {};
template <>
struct is_flags<hardware_options> : std::true_type {};
template <>
struct is_flags<recovery_options> : std::true_type {};

// A context as the attributes that it stands for.
constexpr volume_snapshot_attributes attributes_of(snapshot_context context) {
  return static_cast<volume_snapshot_attributes>(static_cast<std::uint32_t>(context));
}

}  // namespace umbra::shadow
