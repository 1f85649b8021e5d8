// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include "engine/shadow/document_xml.h"
#include "engine/shadow/timestamp_text.h"
#include "engine/shadow/xml_values.h"
#include "engine/shadow/xml_writer.h"

namespace umbra::shadow {
namespace {

void write_flag_if(xml_writer& xml, std::string_view name, bool flag) {
  if (flag) xml.attribute(name, flag);
}

template <class E>
void write_name_if(xml_writer& xml, std::string_view name, E value) {
  if (value != E::undefined) xml.attribute(name, name_of(value));
}

std::string hex(result_code code) { return fmt::format("0x{:08x}", static_cast<std::uint32_t>(code)); }

void write_metadata(xml_writer& xml, std::string_view element, const std::string& metadata) {
  if (metadata.empty()) return;
  xml.open(element);
  xml.attribute("metadata", metadata);
  xml.close();
}

void write_partial_files(xml_writer& xml, const std::vector<partial_file>& list) {
  for (const auto& file : list) {
    xml.open("PARTIAL_FILE");
    xml.attribute("path", file.path);
    xml.attribute("filespec", file.file_name);
    xml.attribute("ranges", file.ranges);
    xml.attribute_if("metadata", file.metadata);
    xml.close();
  }
}

void write_differenced_files(xml_writer& xml, const std::vector<differenced_file>& list) {
  for (const auto& file : list) {
    xml.open("DIFFERENCED_FILE");
    xml.attribute("path", file.path);
    xml.attribute("filespec", file.spec);
    xml.attribute("recursive", file.recursive);
    xml.attribute_if("lastModifyLSN", file.lsn);
    xml.attribute_if("lastModifyTime", to_text(file.last_modified));
    xml.close();
  }
}

void write_failure(xml_writer& xml, const component_failure& failure) {
  if (failure == component_failure{}) return;
  xml.open("FAILURE");
  xml.attribute("hr", hex(failure.code));
  xml.attribute("hrApplication", hex(failure.application_code));
  xml.attribute_if("applicationMessage", failure.application_message);
  xml.close();
}

void write_subcomponents(xml_writer& xml, const std::vector<restore_subcomponent>& list) {
  for (const auto& sub : list) {
    xml.open("RESTORE_SUBCOMPONENT");
    xml.attribute_if("logicalPath", sub.logical_path);
    xml.attribute("componentName", sub.name);
    xml.close();
  }
}

void write_new_targets(xml_writer& xml, const std::vector<new_target>& list) {
  for (const auto& target : list) {
    xml.open("NEW_TARGET");
    xml.attribute("path", target.path);
    xml.attribute("filespec", target.spec);
    xml.attribute("recursive", target.recursive);
    xml.attribute("alternatePath", target.target);
    xml.close();
  }
}

void write_directed_targets(xml_writer& xml, const std::vector<directed_target>& list) {
  for (const auto& target : list) {
    xml.open("DIRECTED_TARGET");
    xml.attribute("sourcePath", target.source_path);
    xml.attribute("sourceFilename", target.source_name);
    xml.attribute("sourceRangeList", target.source_ranges);
    xml.attribute("destinationPath", target.destination_path);
    xml.attribute("destinationFilename", target.destination_name);
    xml.attribute("destinationRangeList", target.destination_ranges);
    xml.close();
  }
}

void write_mappings(xml_writer& xml, const std::vector<file_spec>& list) {
  for (const auto& mapping : list) {
    xml.open("ALTERNATE_LOCATION_MAPPING");
    xml.attribute("path", mapping.path);
    xml.attribute("filespec", mapping.spec);
    xml.attribute("recursive", mapping.recursive);
    xml.attribute("alternatePath", mapping.alternate_location);
    xml.close();
  }
}

void write_backup_attributes(xml_writer& xml, const backup_component& c) {
  write_flag_if(xml, "backupSucceeded", c.backup_succeeded);
  xml.attribute_if("backupOptions", c.backup_options);
  xml.attribute_if("backupStamp", c.backup_stamp);
  xml.attribute_if("previousBackupStamp", c.previous_backup_stamp);
  xml.attribute_if("prepareForBackupFailureMsg", c.prepare_for_backup_failure);
  xml.attribute_if("postSnapshotFailureMsg", c.post_snapshot_failure);
}

void write_restore_attributes(xml_writer& xml, const backup_component& c) {
  write_flag_if(xml, "selectedForRestore", c.selected_for_restore);
  write_flag_if(xml, "additionalRestores", c.additional_restores);
  xml.attribute_if("restoreOptions", c.restore_options);
  write_name_if(xml, "restoreTarget", c.target);
  xml.attribute_if("rangesFilePath", c.ranges_file);
  write_name_if(xml, "fileRestoreStatus", c.restore_status);
  write_flag_if(xml, "authoritativeRestore", c.authoritative_restore);
  write_name_if(xml, "rollForward", c.roll_forward);
  xml.attribute_if("rollForwardPoint", c.roll_forward_point);
  xml.attribute_if("restoreName", c.restore_name);
  xml.attribute_if("preRestoreFailureMsg", c.pre_restore_failure);
  xml.attribute_if("postRestoreFailureMsg", c.post_restore_failure);
}

void write_component(xml_writer& xml, const backup_component& c) {
  xml.open("COMPONENT");
  xml.attribute_if("logicalPath", c.logical_path);
  xml.attribute("componentName", c.name);
  xml.attribute("componentType", name_of(c.type));
  write_backup_attributes(xml, c);
  write_restore_attributes(xml, c);
  write_metadata(xml, "BACKUP_METADATA", c.backup_metadata);
  write_metadata(xml, "RESTORE_METADATA", c.restore_metadata);
  write_partial_files(xml, c.partial_files);
  write_differenced_files(xml, c.differenced_files);
  write_failure(xml, c.failure);
  write_subcomponents(xml, c.restore_subcomponents);
  write_new_targets(xml, c.new_targets);
  write_directed_targets(xml, c.directed_targets);
  write_mappings(xml, c.alternate_location_mappings);
  xml.close();
}

void write_writer(xml_writer& xml, const writer_components& writer) {
  xml.open("WRITER_COMPONENTS");
  xml.attribute("instanceId", xml_id(writer.instance_id));
  xml.attribute("writerId", xml_id(writer.class_id));
  for (const auto& c : writer.components) write_component(xml, c);
  xml.close();
}

void write_snapshot(xml_writer& xml, const snapshot_prop& s) {
  xml.open("SNAPSHOT");
  xml.attribute("snapshotId", xml_id(s.snapshot_id));
  xml.attribute("snapshotSetId", xml_id(s.snapshot_set_id));
  xml.attribute("snapshotsCount", std::to_string(s.snapshots_count));
  xml.attribute("snapshotDeviceObject", s.snapshot_device_object);
  xml.attribute("originalVolumeName", s.original_volume_name);
  xml.attribute_if("originatingMachine", s.originating_machine);
  xml.attribute_if("serviceMachine", s.service_machine);
  xml.attribute_if("exposedName", s.exposed_name);
  xml.attribute_if("exposedPath", s.exposed_path);
  xml.attribute("providerId", xml_id(s.provider_id));
  xml.attribute("snapshotAttributes", xml_number(s.attributes));
  xml.attribute_if("creationTimestamp", to_text(s.creation_timestamp));
  xml.attribute("status", name_of(s.status));
  xml.close();
}

}  // namespace

std::string to_xml(const backup_document& document) {
  xml_writer xml;
  xml.open("BACKUP_COMPONENTS");
  xml.attribute("xmlns", "x-schema:#VssComponentMetadata");
  xml.attribute("version", "1.2");
  xml.attribute("bootableSystemStateBackup", document.bootable_system_state);
  xml.attribute("selectComponents", document.select_components);
  xml.attribute("backupType", name_of(document.type));
  xml.attribute("partialFileSupport", document.partial_file_support);
  xml.attribute("snapshotSetId", xml_id(document.snapshot_set_id));
  for (const auto& writer : document.writers) write_writer(xml, writer);
  for (const auto& snapshot : document.snapshots) write_snapshot(xml, snapshot);
  xml.close();
  return std::move(xml).finish();
}

}  // namespace umbra::shadow
