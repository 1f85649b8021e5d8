// SPDX-License-Identifier: GPL-3.0-or-later
// The writer metadata document: what a writer has and how it wants it backed up and restored. Made at identify, read-only after.
// Paths are the system's; logical paths use "\" between their parts, as the reference does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/shadow/guid.h"
#include "engine/shadow/writer_enums.h"

namespace umbra::shadow {

struct writer_identity {
  guid class_id;              // the same for every instance of the application
  guid instance_id;           // of this run
  std::string name;           // friendly name: "PostgreSQL Writer"
  std::string instance_name;  // "15/main"; empty if there can be only one
  std::uint32_t major_version = 0;
  std::uint32_t minor_version = 0;
  usage_type usage = usage_type::undefined;
  source_type source = source_type::undefined;
  application_level level = application_level::front_end;
  bool operator==(const writer_identity&) const = default;
};

// IVssWMFiledesc: files of a folder that match a pattern.
struct file_spec {
  std::string path;
  std::string spec;  // "*", "*.log", "name"
  bool recursive = false;
  std::string alternate_location;  // alternate path: where to read them at backup; empty: at `path`
  file_spec_backup_type backup_types = file_spec_backup_type::standard;
  bool operator==(const file_spec&) const = default;
};

// IVssWMDependency: these belong together; no order follows.
struct component_dependency {
  guid writer_id;
  std::string logical_path;
  std::string component_name;
  bool operator==(const component_dependency&) const = default;
};

// VSS_COMPONENTINFO with its files.
struct component_info {
  component_type type = component_type::filegroup;
  std::string logical_path;
  std::string name;
  std::string caption;
  bool restore_metadata = false;
  bool notify_on_backup_complete = false;
  bool selectable = false;
  bool selectable_for_restore = false;
  component_flags flags = component_flags::none;
  std::vector<file_spec> files;           // file groups
  std::vector<file_spec> database_files;  // databases: not recursive, no alternate path
  std::vector<file_spec> log_files;
  std::vector<component_dependency> dependencies;
  bool operator==(const component_info&) const = default;

  // logical path and name: what a component is found by
  std::string full_name() const { return logical_path.empty() ? name : logical_path + "\\" + name; }
};

struct restore_plan_of_writer {
  restore_method method = restore_method::undefined;
  std::string service;         // stop_restore_start: which
  std::string user_procedure;  // where people read more
  writer_restore when = writer_restore::never;
  bool reboot_required = false;
  bool operator==(const restore_plan_of_writer&) const = default;
};

struct writer_metadata {
  writer_identity identity;
  backup_schema schema = backup_schema::undefined;
  restore_plan_of_writer restore;
  std::vector<component_info> components;
  std::vector<file_spec> excluded;                // beats every include list
  std::vector<file_spec> excluded_from_snapshot;  // deleted in the shadow copy while it is writable
  std::vector<file_spec>
      alternate_locations;  // where to restore to if not to the original place: `alternate_location` is the target
  bool operator==(const writer_metadata&) const = default;

  const component_info* find(std::string_view logical_path, std::string_view name) const;
};

}  // namespace umbra::shadow
