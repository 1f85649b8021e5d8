// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/document_xml.h"
#include "engine/shadow/xml_values.h"
#include "engine/shadow/xml_writer.h"

namespace umbra::shadow {
namespace {

// Three methods go by another name in the documents than in the enumeration.
std::string name_of_method(restore_method method) {
  switch (method) {
    case restore_method::restore_if_can_replace: return "RESTORE_IF_CAN_BE_REPLACED";
    case restore_method::restore_at_reboot: return "REPLACE_AT_REBOOT";
    case restore_method::restore_at_reboot_if_cannot_replace: return "REPLACE_AT_REBOOT_IF_CANNOT_REPLACE";
    default: return xml_upper(method);
  }
}

std::string name_of_source(source_type source) {
  return source == source_type::transacted_db ? "TRANSACTION_DB" : xml_upper(source);
}

void write_identification(xml_writer& xml, const writer_identity& identity) {
  xml.open("IDENTIFICATION");
  xml.attribute("writerId", xml_id(identity.class_id));
  xml.attribute("instanceId", xml_id(identity.instance_id));
  xml.attribute_if("instanceName", identity.instance_name);
  xml.attribute("friendlyName", identity.name);
  xml.attribute("usage", xml_upper(identity.usage));
  xml.attribute("dataSource", name_of_source(identity.source));
  xml.attribute("majorVersion", std::to_string(identity.major_version));
  xml.attribute("minorVersion", std::to_string(identity.minor_version));
  xml.close();
}

void write_mapping(xml_writer& xml, const file_spec& mapping) {
  xml.open("ALTERNATE_LOCATION_MAPPING");
  xml.attribute("path", mapping.path);
  xml.attribute("filespec", mapping.spec);
  xml.attribute("recursive", mapping.recursive);
  xml.attribute("alternatePath", mapping.alternate_location);
  xml.close();
}

void write_restore_method(xml_writer& xml, const writer_metadata& metadata) {
  const auto& plan = metadata.restore;
  xml.open("RESTORE_METHOD");
  xml.attribute("method", name_of_method(plan.method));
  xml.attribute_if("service", plan.service);
  xml.attribute_if("userProcedure", plan.user_procedure);
  xml.attribute("writerRestore", name_of(plan.when));
  xml.attribute("rebootRequired", plan.reboot_required);
  for (const auto& mapping : metadata.alternate_locations) write_mapping(xml, mapping);
  xml.close();
}

void write_excluded(xml_writer& xml, std::string_view element, const std::vector<file_spec>& list) {
  for (const auto& files : list) {
    xml.open(element);
    xml.attribute("path", files.path);
    xml.attribute("filespec", files.spec);
    xml.attribute("recursive", files.recursive);
    xml.close();
  }
}

void write_files(xml_writer& xml, std::string_view element, const std::vector<file_spec>& list) {
  const bool of_a_group = element == "FILE_LIST";
  for (const auto& files : list) {
    xml.open(element);
    xml.attribute("path", files.path);
    xml.attribute("filespec", files.spec);
    if (of_a_group) xml.attribute("recursive", files.recursive);
    xml.attribute_if("alternatePath", files.alternate_location);
    xml.attribute("filespecBackupType", xml_number(files.backup_types));
    xml.close();
  }
}

void write_dependencies(xml_writer& xml, const std::vector<component_dependency>& list) {
  for (const auto& d : list) {
    xml.open("DEPENDENCY");
    xml.attribute("writerId", xml_id(d.writer_id));
    xml.attribute_if("logicalPath", d.logical_path);
    xml.attribute("componentName", d.component_name);
    xml.close();
  }
}

void write_component(xml_writer& xml, const component_info& c) {
  xml.open(c.type == component_type::database ? "DATABASE" : "FILE_GROUP");
  xml.attribute_if("logicalPath", c.logical_path);
  xml.attribute("componentName", c.name);
  xml.attribute_if("caption", c.caption);
  xml.attribute("restoreMetadata", c.restore_metadata);
  xml.attribute("notifyOnBackupComplete", c.notify_on_backup_complete);
  xml.attribute("selectable", c.selectable);
  xml.attribute("selectableForRestore", c.selectable_for_restore);
  xml.attribute("componentFlags", xml_number(c.flags));
  write_files(xml, "FILE_LIST", c.files);
  write_files(xml, "DATABASE_FILES", c.database_files);
  write_files(xml, "DATABASE_LOGFILES", c.log_files);
  write_dependencies(xml, c.dependencies);
  xml.close();
}

}  // namespace

std::string to_xml(const writer_metadata& metadata) {
  xml_writer xml;
  xml.open("WRITER_METADATA");
  xml.attribute("xmlns", "x-schema:#VssWriterMetadataInfo");
  xml.attribute("version", "1.2");
  xml.attribute("backupSchema", xml_number(metadata.schema));
  write_identification(xml, metadata.identity);
  write_restore_method(xml, metadata);
  xml.open("BACKUP_LOCATIONS");
  write_excluded(xml, "EXCLUDE_FILES", metadata.excluded);
  write_excluded(xml, "EXCLUDE_FILES_FROM_SNAPSHOT", metadata.excluded_from_snapshot);
  for (const auto& c : metadata.components) write_component(xml, c);
  xml.close();
  xml.close();
  return std::move(xml).finish();
}

}  // namespace umbra::shadow
