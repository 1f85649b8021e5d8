// SPDX-License-Identifier: GPL-3.0-or-later
// The requester's session: the calls of IVssBackupComponents and its extensions, in snake_case, with their order rules. A call
// out of order answers e_bad_state and changes nothing. One object is one backup or one restore; it is never used again.
//
//   initialize_for_backup · set_context · set_backup_state · gather_writer_metadata · add_component …
//   start_snapshot_set · add_to_snapshot_set … · prepare_for_backup · do_snapshot_set · (read) · set_backup_succeeded …
//   backup_complete · destroy                                   on failure after prepare_for_backup: abort_backup
//   restore: initialize_for_restore · gather_writer_metadata · set_selected_for_restore … · pre_restore · (write)
//            set_file_restore_status … · post_restore · destroy
//
// Destroying it tells the writers (backup_shutdown), aborts what is in the making and deletes copies that are auto-released.
// Calls come from one thread at a time, except for those of the async objects.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/async.h"
#include "engine/shadow/backup_document.h"
#include "engine/shadow/environment.h"
#include "engine/shadow/writer_metadata.h"

namespace umbra::shadow {

// GetWriterStatusEx.
struct writer_status {
  guid instance_id;
  guid class_id;
  std::string name;
  writer_state state = writer_state::unknown;
  result_code failure = result_code::s_ok;      // of the last event that went wrong
  result_code application = result_code::s_ok;  // the application's own code
  std::string text;                             // its words
  bool operator==(const writer_status&) const = default;
};

// Names one component of one writer.
struct component_name {
  guid writer_class;
  guid writer_instance;
  component_type type = component_type::filegroup;
  std::string logical_path;
  std::string name;
};

class backup_components {
 public:
  static constexpr std::size_t volumes_at_most = 64;

  virtual ~backup_components() = default;

  // --- Session.
  virtual result<void> initialize_for_backup() = 0;
  // `document`: as save_as_json() gave it. e_invalid_xml_document or e_corrupt_xml_document for anything else.
  virtual result<void> initialize_for_restore(const std::string& document) = 0;
  virtual guid get_session_id() const = 0;
  // A context, with attributes that a requester may add. Before anything that makes or asks for shadow copies.
  virtual result<void> set_context(snapshot_context context,
                                   volume_snapshot_attributes more = volume_snapshot_attributes::none) = 0;
  virtual result<void> set_backup_state(bool select_components, bool bootable_system_state, backup_type type,
                                        bool partial_file_support) = 0;
  virtual result<void> set_restore_state(restore_type type) = 0;
  // Undoes what was begun: writers hear `abort`, copies in the making go. Any time after initialize_for_backup; may come twice.
  virtual result<void> abort_backup() = 0;
  virtual result<async_ptr> backup_complete() = 0;
  // The backup components document. Not before do_snapshot_set is finished: writers edit it until then.
  virtual result<std::string> save_as_json() const = 0;
  virtual result<std::string> save_as_xml() const = 0;

  // --- Writers.
  // Before gather_writer_metadata: only these (enable) or all but these (disable) take part.
  virtual result<void> enable_writer_classes(const std::vector<guid>& classes) = 0;
  virtual result<void> disable_writer_classes(const std::vector<guid>& classes) = 0;
  virtual result<void> disable_writer_instances(const std::vector<guid>& instances) = 0;
  virtual result<async_ptr> gather_writer_metadata() = 0;
  // Documents of the writers that answered; writers that failed at identify are not there, and writer_problems() says why.
  virtual result<std::vector<writer_metadata>> get_writer_metadata() const = 0;
  virtual std::vector<std::string> writer_problems() const = 0;
  virtual result<async_ptr> gather_writer_status() = 0;
  virtual result<std::vector<writer_status>> get_writer_status() const = 0;

  // --- Components.
  virtual result<void> add_component(const component_name& component) = 0;
  virtual result<std::vector<writer_components>> get_writer_components() const = 0;
  virtual result<void> set_backup_options(const component_name& component, const std::string& options) = 0;
  virtual result<void> set_previous_backup_stamp(const component_name& component, const std::string& stamp) = 0;
  virtual result<void> set_backup_succeeded(const component_name& component, bool succeeded) = 0;

  // --- Shadow copies.
  virtual result<guid> start_snapshot_set() = 0;
  // True if the provider (none: the one that selection finds) can copy it; the error says why no provider can.
  virtual result<bool> is_volume_supported(const guid& provider, const std::string& volume) = 0;
  virtual result<guid> add_to_snapshot_set(const std::string& volume, const guid& provider = {}) = 0;
  virtual result<async_ptr> prepare_for_backup() = 0;
  virtual result<async_ptr> do_snapshot_set() = 0;
  virtual result<snapshot_prop> get_snapshot_properties(const guid& snapshot) const = 0;
  virtual result<std::vector<snapshot_prop>> query() const = 0;
  virtual result<std::vector<provider_prop>> query_providers() const = 0;
  // What copies take where, of all providers: those of this session, and persistent ones.
  virtual result<std::vector<diff_area_prop>> query_diff_areas() const = 0;
  // Of a copy or of all copies of a set; `deleted` counts those that are gone, `not_deleted` names the first that is not.
  struct deletion {
    std::uint32_t deleted = 0;
    guid not_deleted;
  };
  virtual result<deletion> delete_snapshots(const guid& id, object_type type, bool force) = 0;
  // Mounts a persistent copy read-only on a folder.
  virtual result<void> expose_snapshot(const guid& snapshot, const std::string& folder) = 0;
  virtual result<void> unexpose_snapshot(const guid& snapshot) = 0;
  // The copies of a set become ordinary volumes that the service no longer knows.
  virtual result<void> break_snapshot_set(const guid& set) = 0;
  virtual result<void> revert_to_snapshot(const guid& snapshot, bool force_dismount) = 0;
  virtual result<bool> query_revert_status(const std::string& volume) const = 0;
  // Reads as the volume at the instant; what backup reads.
  virtual result<std::unique_ptr<io::device>> open_snapshot(const guid& snapshot) = 0;
  virtual result<void> check_snapshot(const guid& snapshot) = 0;
  // How long writes were held, from before the first freeze to after the last thaw; zero before do_snapshot_set.
  virtual std::chrono::microseconds held() const = 0;

  // --- Restore.
  virtual result<async_ptr> pre_restore() = 0;
  virtual result<async_ptr> post_restore() = 0;
  virtual result<void> set_selected_for_restore(const component_name& component, bool selected) = 0;
  virtual result<void> add_restore_subcomponent(const component_name& component, const restore_subcomponent& sub) = 0;
  virtual result<void> set_restore_options(const component_name& component, const std::string& options) = 0;
  virtual result<void> set_additional_restores(const component_name& component, bool more) = 0;
  virtual result<void> set_file_restore_status(const component_name& component, file_restore_status status) = 0;
  virtual result<void> add_new_target(const component_name& component, const new_target& target) = 0;
  virtual result<void> add_alternative_location_mapping(const component_name& component, const file_spec& mapping) = 0;
  virtual result<void> set_ranges_file_path(const component_name& component, std::size_t partial_file,
                                            const std::string& path) = 0;
  virtual result<void> set_authoritative_restore(const component_name& component, bool authoritative) = 0;
  virtual result<void> set_roll_forward(const component_name& component, rollforward_type type, const std::string& point) = 0;
  virtual result<void> set_restore_name(const component_name& component, const std::string& name) = 0;
};

// `world` is copied; what it points to outlives the session.
std::unique_ptr<backup_components> create_backup_components(environment world);

}  // namespace umbra::shadow
