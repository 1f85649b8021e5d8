// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/shadow_documents.h"

namespace umbra::test {

using namespace umbra::shadow;

guid numbered_guid(std::uint8_t n) {
  guid id;
  id.bytes[0] = std::byte{0x5a};
  id.bytes[15] = std::byte{n};
  return id;
}

namespace {

component_info file_group() {
  component_info c;
  c.logical_path = "cluster\\data";
  c.name = "tables \"quoted\" & <marked>";
  c.caption = "Tables\tand\nlines";
  c.restore_metadata = true;
  c.notify_on_backup_complete = true;
  c.selectable = true;
  c.selectable_for_restore = true;
  c.flags = component_flags::backup_recovery | component_flags::not_system_state;
  c.files.push_back({"/srv/data", "*.tbl", true, "/srv/spit", file_spec_backup_type::all_backup_required});
  c.files.push_back({"/srv/data", "exact name", false, "", file_spec_backup_type::standard});
  c.dependencies.push_back({numbered_guid(9), "other", "part"});
  return c;
}

component_info database() {
  component_info c;
  c.type = component_type::database;
  c.name = "Datenbank äöü €";
  c.database_files.push_back({"/srv/db", "main.db", false, "", file_spec_backup_type::full_backup_required});
  c.log_files.push_back({"/srv/db/log", "*.log", false, "", static_cast<file_spec_backup_type>(0x80000008)});
  return c;
}

backup_component chosen_component() {
  backup_component c;
  c.type = component_type::database;
  c.logical_path = "cluster\\data";
  c.name = "tables";
  c.backup_succeeded = true;
  c.backup_options = "\"sub\":\"name\"=\"value\"";
  c.backup_stamp = "stamp 2";
  c.previous_backup_stamp = "stamp 1";
  c.backup_metadata = "LSN <0/15D6B20>";
  c.partial_files.push_back({"/srv/db", "main.db", "0:4096, 0x2000:512", "crc"});
  c.differenced_files.push_back({"/srv/data", "*.tbl", true, "0/15", 133'590'384'001'234'567});
  c.prepare_for_backup_failure = "prepare";
  c.post_snapshot_failure = "post";
  c.failure = {result_code::e_writererror_retryable, static_cast<result_code>(0x1234), "deadlock"};
  c.restore_metadata = "restore";
  c.selected_for_restore = true;
  c.additional_restores = true;
  c.restore_options = "\"Authoritative\"=\"true\"";
  c.restore_subcomponents.push_back({"cluster\\data\\tables", "one"});
  c.target = restore_target::directed;
  c.new_targets.push_back({"/srv/data", "*.tbl", true, "/srv/new"});
  c.directed_targets.push_back({"/srv/db", "main.db", "0:512", "/srv/db2", "copy.db", "1024:512"});
  c.alternate_location_mappings.push_back({"/srv/data", "*", true, "/srv/alt", file_spec_backup_type::none});
  c.ranges_file = "/srv/ranges";
  c.restore_status = file_restore_status::all;
  c.authoritative_restore = true;
  c.roll_forward = rollforward_type::partial;
  c.roll_forward_point = "0/16";
  c.restore_name = "tables2";
  c.pre_restore_failure = "pre";
  c.post_restore_failure = "post";
  return c;
}

snapshot_prop shadow_copy() {
  snapshot_prop s;
  s.snapshot_id = numbered_guid(5);
  s.snapshot_set_id = numbered_guid(6);
  s.snapshots_count = 3;
  s.snapshot_device_object = "/dev/loop7";
  s.original_volume_name = "/srv";
  s.originating_machine = "alpha";
  s.service_machine = "beta";
  s.exposed_name = "/mnt/copy";
  s.exposed_path = "/data";
  s.provider_id = numbered_guid(7);
  s.attributes = volume_snapshot_attributes::persistent | volume_snapshot_attributes::differential;
  s.creation_timestamp = 133'590'384'000'000'000;
  s.status = snapshot_state::created;
  return s;
}

component_info named(std::string logical_path, std::string name, bool selectable) {
  component_info c;
  c.logical_path = std::move(logical_path);
  c.name = std::move(name);
  c.selectable = selectable;
  return c;
}

}  // namespace

writer_metadata full_metadata() {
  writer_metadata m;
  m.identity = {
      numbered_guid(1),           numbered_guid(2),           "Full Writer", "15/main", 4, 2, usage_type::system_service,
      source_type::transacted_db, application_level::back_end};
  m.schema = backup_schema::incremental | backup_schema::log;
  m.restore = {restore_method::stop_restore_start, "full.service", "https://example.org/restore?a=1&b=2", writer_restore::always,
               true};
  m.components = {file_group(), database()};
  m.excluded.push_back({"/srv/data", "core.*", true, "", file_spec_backup_type::standard});
  m.excluded_from_snapshot.push_back({"/srv/tmp", "*", false, "", file_spec_backup_type::standard});
  m.alternate_locations.push_back({"/srv/data", "*", true, "/srv/other", file_spec_backup_type::standard});
  return m;
}

backup_document full_document() {
  backup_document d;
  d.session_id = numbered_guid(3);
  d.snapshot_set_id = numbered_guid(6);
  d.type = backup_type::incremental;
  d.context = snapshot_context::app_rollback;
  d.attributes = volume_snapshot_attributes::no_autorecovery | static_cast<volume_snapshot_attributes>(0x80000000);
  d.select_components = true;
  d.bootable_system_state = true;
  d.partial_file_support = true;
  d.writers.push_back({numbered_guid(1), numbered_guid(2), {chosen_component()}});
  d.snapshots.push_back(shadow_copy());
  return d;
}

writer_metadata my_writer() {
  writer_metadata m;
  m.identity.name = "MyWriter";
  m.identity.class_id = numbered_guid(0x11);
  m.identity.instance_id = numbered_guid(0x12);
  m.components = {
      named("", "Executables", false),
      named("Executables", "ConfigFiles", false),
      named("", "LicenseInfo", true),
      named("", "Security", true),
      named("Security", "UserInfo", false),
      named("Security", "Certificates", false),
      named("", "writerData", true),
      named("writerData", "Set1", false),
      named("writerData\\Set1", "Jan", false),
      named("writerData\\Set1", "Dec", false),
      named("writerData", "Set2", false),
      named("writerData\\Set2", "Jan", false),
      named("writerData\\Set2", "Dec", false),
      named("writerData\\QueryLogs", "Query", false),
      named("writerData", "Usage", true),
      named("writerData\\Usage", "Jan", false),
      named("writerData\\Usage", "Dec", false),
  };
  return m;
}

}  // namespace umbra::test
