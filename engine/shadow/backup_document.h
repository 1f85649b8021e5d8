// SPDX-License-Identifier: GPL-3.0-or-later
// The backup components document: what was chosen of which writer, what became of it, and the shadow copies it was read from.
// Writers may edit their components at prepare_backup and post_snapshot (backup), pre_restore and post_restore; it is read-only
// from backup_complete on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/enums.h"
#include "engine/shadow/guid.h"
#include "engine/shadow/result_code.h"
#include "engine/shadow/snapshot.h"
#include "engine/shadow/writer_enums.h"
#include "engine/shadow/writer_metadata.h"

namespace umbra::shadow {

// Pieces of a file that suffice to bring it from the backup before to this one.
struct partial_file {
  std::string path;
  std::string file_name;
  std::string ranges;    // "0:4096, 0x2000:512" or "File=<path of a ranges file>": see partial_ranges.h
  std::string metadata;  // the writer's own
  bool operator==(const partial_file&) const = default;
};

// Files changed since a time: what a writer knows of its last backup.
struct differenced_file {
  std::string path;
  std::string spec;
  bool recursive = false;
  std::string lsn;  // by sequence number; empty: by time
  timestamp last_modified = 0;
  bool operator==(const differenced_file&) const = default;
};

struct new_target {
  std::string path;  // original
  std::string spec;
  bool recursive = false;
  std::string target;
  bool operator==(const new_target&) const = default;
};

struct directed_target {
  std::string source_path;
  std::string source_name;
  std::string source_ranges;
  std::string destination_path;
  std::string destination_name;
  std::string destination_ranges;
  bool operator==(const directed_target&) const = default;
};

struct restore_subcomponent {
  std::string logical_path;
  std::string name;
  bool operator==(const restore_subcomponent&) const = default;
};

// SetFailure of IVssComponentEx2.
struct component_failure {
  result_code code = result_code::s_ok;
  result_code application_code = result_code::s_ok;
  std::string application_message;
  bool operator==(const component_failure&) const = default;
};

// IVssComponent: an explicitly included component. Each member names its setter and getter of the reference.
struct backup_component {
  component_type type = component_type::filegroup;
  std::string logical_path;
  std::string name;
  // backup
  bool backup_succeeded = false;
  std::string backup_options;
  std::string backup_stamp;
  std::string previous_backup_stamp;
  std::string backup_metadata;
  std::vector<partial_file> partial_files;
  std::vector<differenced_file> differenced_files;
  std::string prepare_for_backup_failure;
  std::string post_snapshot_failure;
  component_failure failure;
  // restore
  std::string restore_metadata;
  bool selected_for_restore = false;
  bool additional_restores = false;
  std::string restore_options;
  std::vector<restore_subcomponent> restore_subcomponents;
  restore_target target = restore_target::undefined;
  std::vector<new_target> new_targets;
  std::vector<directed_target> directed_targets;
  std::vector<file_spec> alternate_location_mappings;  // those used
  std::string ranges_file;                             // SetRangesFilePath
  file_restore_status restore_status = file_restore_status::undefined;
  bool authoritative_restore = false;
  rollforward_type roll_forward = rollforward_type::undefined;
  std::string roll_forward_point;
  std::string restore_name;
  std::string pre_restore_failure;
  std::string post_restore_failure;
  bool operator==(const backup_component&) const = default;
};

// IVssWriterComponents: one writer's part of the document.
struct writer_components {
  guid class_id;
  guid instance_id;
  std::vector<backup_component> components;
  bool operator==(const writer_components&) const = default;

  backup_component* find(std::string_view logical_path, std::string_view name);
  const backup_component* find(std::string_view logical_path, std::string_view name) const;
};

struct backup_document {
  guid session_id;
  guid snapshot_set_id;
  backup_type type = backup_type::undefined;
  snapshot_context context = snapshot_context::backup;
  volume_snapshot_attributes attributes = volume_snapshot_attributes::none;
  bool select_components = false;
  bool bootable_system_state = false;
  bool partial_file_support = false;
  std::vector<writer_components> writers;
  std::vector<snapshot_prop> snapshots;
  bool operator==(const backup_document&) const = default;

  writer_components* find(const guid& class_id, const guid& instance_id);
};

}  // namespace umbra::shadow
