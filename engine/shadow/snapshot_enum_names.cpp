// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/enum_names.h"

namespace umbra::shadow {

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

std::span<const enum_entry> entries(snapshot_compatibility) noexcept {
  using enum snapshot_compatibility;
  static constexpr enum_entry table[] = {
      entry(none, "none"),
      entry(disable_defrag, "disable_defrag"),
      entry(disable_contentindex, "disable_contentindex"),
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
