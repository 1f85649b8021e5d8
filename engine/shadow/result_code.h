// SPDX-License-Identifier: GPL-3.0-or-later
// The result codes of the Volume Shadow Copy reference: documented names (snake_case, without VSS_) and values, and the general
// codes its calls answer. Errors of the shadow service carry one as their detail (engine/base/result.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace umbra::shadow {

enum class result_code : std::uint32_t {
  s_ok = 0x00000000,
  s_false = 0x00000001,
  e_notimpl = 0x80004001,
  e_fail = 0x80004005,
  e_unexpected_failure = 0x8000FFFF,
  e_accessdenied = 0x80070005,
  e_outofmemory = 0x8007000E,
  e_invalidarg = 0x80070057,
  e_bad_state = 0x80042301,
  e_unexpected = 0x80042302,
  e_provider_already_registered = 0x80042303,
  e_provider_not_registered = 0x80042304,
  e_provider_veto = 0x80042306,
  e_provider_in_use = 0x80042307,
  e_object_not_found = 0x80042308,
  s_async_pending = 0x00042309,
  s_async_finished = 0x0004230A,
  s_async_cancelled = 0x0004230B,
  e_volume_not_supported = 0x8004230C,
  e_object_already_exists = 0x8004230D,
  e_volume_not_supported_by_provider = 0x8004230E,
  e_unexpected_provider_error = 0x8004230F,
  e_corrupt_xml_document = 0x80042310,
  e_invalid_xml_document = 0x80042311,
  e_maximum_number_of_volumes_reached = 0x80042312,
  e_flush_writes_timeout = 0x80042313,
  e_hold_writes_timeout = 0x80042314,
  e_unexpected_writer_error = 0x80042315,
  e_snapshot_set_in_progress = 0x80042316,
  e_maximum_number_of_snapshots_reached = 0x80042317,
  e_writer_infrastructure = 0x80042318,
  e_writer_not_responding = 0x80042319,
  e_writer_already_subscribed = 0x8004231A,
  e_unsupported_context = 0x8004231B,
  e_volume_in_use = 0x8004231D,
  e_maximum_diffarea_associations_reached = 0x8004231E,
  e_insufficient_storage = 0x8004231F,
  e_no_snapshots_imported = 0x80042320,
  s_some_snapshots_not_imported = 0x00042321,
  e_some_snapshots_not_imported = 0x80042321,
  e_maximum_number_of_remote_machines_reached = 0x80042322,
  e_remote_server_unavailable = 0x80042323,
  e_remote_server_unsupported = 0x80042324,
  e_revert_in_progress = 0x80042325,
  e_revert_volume_lost = 0x80042326,
  e_reboot_required = 0x80042327,
  e_transaction_freeze_timeout = 0x80042328,
  e_transaction_thaw_timeout = 0x80042329,
  e_unselected_volume = 0x8004232A,
  e_snapshot_not_in_set = 0x8004232B,
  e_nested_volume_limit = 0x8004232C,
  e_volume_not_local = 0x8004232D,
  e_cluster_timeout = 0x8004232E,
  e_not_supported = 0x8004232F,
  e_writererror_partial_failure = 0x80042336,
  e_writererror_inconsistentsnapshot = 0x800423F0,
  e_writererror_outofresources = 0x800423F1,
  e_writererror_timeout = 0x800423F2,
  e_writererror_retryable = 0x800423F3,
  e_writererror_nonretryable = 0x800423F4,
  e_writererror_recovery_failed = 0x800423F5,
  e_break_revert_id_failed = 0x800423F6,
  e_legacy_provider = 0x800423F7,
  e_missing_disk = 0x800423F8,
  e_missing_hidden_volume = 0x800423F9,
  e_missing_volume = 0x800423FA,
  e_autorecovery_failed = 0x800423FB,
  e_dynamic_disk_error = 0x800423FC,
  e_nontransportable_bcd = 0x800423FD,
  e_cannot_revert_diskid = 0x800423FE,
  e_resync_in_progress = 0x800423FF,
  e_cluster_error = 0x80042400,
  e_asrerror_disk_assignment_failed = 0x80042401,
  e_asrerror_disk_recreation_failed = 0x80042402,
  e_asrerror_no_arcpath = 0x80042403,
  e_asrerror_missing_dyndisk = 0x80042404,
  e_asrerror_shared_cridisk = 0x80042405,
  e_asrerror_datadisk_rdisk0 = 0x80042406,
  e_asrerror_rdisk0_toosmall = 0x80042407,
  e_asrerror_critical_disks_too_small = 0x80042408,
  e_writer_status_not_available = 0x80042409,
  e_asrerror_dynamic_vhd_not_supported = 0x8004240A,
  e_critical_volume_on_invalid_disk = 0x80042411,
  e_asrerror_rdisk_for_system_disk_not_found = 0x80042412,
  e_asrerror_no_physical_disk_available = 0x80042413,
  e_asrerror_fixed_physical_disk_available_after_disk_exclusion = 0x80042414,
  e_asrerror_critical_disk_cannot_be_excluded = 0x80042415,
  e_asrerror_system_partition_hidden = 0x80042416,
  e_fss_timeout = 0x80042417,
};

struct result_code_info {
  result_code code = result_code::s_ok;
  std::string_view name;     // "VSS_E_BAD_STATE", as documented
  std::string_view meaning;  // one line, lower case, no full stop
  std::string_view advice;   // what to do, one line; empty if there is nothing to say
};

// Every code of the enumeration, in its order.
std::span<const result_code_info> all_result_codes() noexcept;
// Of a known code; null otherwise.
const result_code_info* find_result_code(result_code code) noexcept;
// "VSS_E_BAD_STATE (0x80042301)"; "0x80041234" for a number that has no name.
std::string to_string(result_code code);
// A writer may be asked again (the whole set, that is) after this one: retryable, time-out, out of resources.
bool is_retryable(result_code code) noexcept;

// An error that carries `code`; its kind (errc) follows from the code: what is busy, cancelled, unsupported, out of space.
// Without a text it says the code's meaning. Not for s_ok.
error failure(result_code code, std::string text);
// The code an error carries; for errors from below the one that says most nearly the same.
result_code code_of(const error& e) noexcept;

}  // namespace umbra::shadow
