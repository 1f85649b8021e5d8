// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/document_xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/shadow_documents.h"

namespace umbra::shadow {
namespace {

using testing::HasSubstr;
using testing::Not;

// The shape of the documents that a Windows machine saves: same elements, same attributes in the same order, same words.
TEST(document_xml, metadata_look_like_the_originals) {
  writer_metadata m;
  m.identity.name = "VSS Metadata Store Writer";
  m.identity.class_id = *parse_guid("75dfb225-e2e4-4d39-9ac9-ffaff65ddf06");
  m.identity.instance_id = *parse_guid("088e7a7d-09a8-4cc6-a609-ad90e75ddc93");
  m.identity.usage = usage_type::bootable_system_state;
  m.identity.source = source_type::other;
  m.restore.method = restore_method::restore_at_reboot_if_cannot_replace;
  auto& c = m.components.emplace_back();
  c.name = "WriterMetadataStore";
  c.caption = "VSS Express Writer Metadata Store";
  c.selectable = true;
  c.files.push_back({"/etc/writers", "*.xml", true, "", file_spec_backup_type::standard});
  EXPECT_EQ(to_xml(m), R"(<?xml version="1.0" encoding="UTF-8"?>
<WRITER_METADATA xmlns="x-schema:#VssWriterMetadataInfo" version="1.2" backupSchema="0">
  <IDENTIFICATION writerId="75dfb225-e2e4-4d39-9ac9-ffaff65ddf06" instanceId="088e7a7d-09a8-4cc6-a609-ad90e75ddc93" friendlyName="VSS Metadata Store Writer" usage="BOOTABLE_SYSTEM_STATE" dataSource="OTHER" majorVersion="0" minorVersion="0"/>
  <RESTORE_METHOD method="REPLACE_AT_REBOOT_IF_CANNOT_REPLACE" writerRestore="never" rebootRequired="no"/>
  <BACKUP_LOCATIONS>
    <FILE_GROUP componentName="WriterMetadataStore" caption="VSS Express Writer Metadata Store" restoreMetadata="no" notifyOnBackupComplete="no" selectable="yes" selectableForRestore="no" componentFlags="0">
      <FILE_LIST path="/etc/writers" filespec="*.xml" recursive="yes" filespecBackupType="3855"/>
    </FILE_GROUP>
  </BACKUP_LOCATIONS>
</WRITER_METADATA>
)");
}

TEST(document_xml, metadata_hold_everything) {
  const auto xml = to_xml(test::full_metadata());
  for (
      const auto* part : {
          R"(backupSchema="10")",
          R"(instanceName="15/main" friendlyName="Full Writer" usage="SYSTEM_SERVICE" dataSource="TRANSACTION_DB")",
          R"(majorVersion="4" minorVersion="2")",
          R"(<RESTORE_METHOD method="STOP_RESTORE_START" service="full.service" userProcedure="https://example.org/restore?a=1&amp;b=2" writerRestore="always" rebootRequired="yes">)",
          R"(<ALTERNATE_LOCATION_MAPPING path="/srv/data" filespec="*" recursive="yes" alternatePath="/srv/other"/>)",
          R"(<EXCLUDE_FILES path="/srv/data" filespec="core.*" recursive="yes"/>)",
          R"(<EXCLUDE_FILES_FROM_SNAPSHOT path="/srv/tmp" filespec="*" recursive="no"/>)",
          R"(<FILE_GROUP logicalPath="cluster\data" componentName="tables &quot;quoted&quot; &amp; &lt;marked&gt;" caption="Tables&#9;and&#10;lines" restoreMetadata="yes" notifyOnBackupComplete="yes" selectable="yes" selectableForRestore="yes" componentFlags="5">)",
          R"(<FILE_LIST path="/srv/data" filespec="*.tbl" recursive="yes" alternatePath="/srv/spit" filespecBackupType="15"/>)",
          R"(<DEPENDENCY writerId="5a000000-0000-0000-0000-000000000009" logicalPath="other" componentName="part"/>)",
          R"(<DATABASE componentName="Datenbank äöü €")",
          R"(<DATABASE_FILES path="/srv/db" filespec="main.db" filespecBackupType="1"/>)",
          R"(<DATABASE_LOGFILES path="/srv/db/log" filespec="*.log" filespecBackupType="2147483656"/>)",
      })
    EXPECT_THAT(xml, HasSubstr(part));
}

TEST(document_xml, methods_have_the_names_of_the_documents) {
  const auto method_in_xml = [](restore_method method) {
    writer_metadata m;
    m.restore.method = method;
    const auto xml = to_xml(m);
    const auto begin = xml.find("method=\"") + 8;
    return xml.substr(begin, xml.find('"', begin) - begin);
  };
  EXPECT_EQ(method_in_xml(restore_method::restore_if_can_replace), "RESTORE_IF_CAN_BE_REPLACED");
  EXPECT_EQ(method_in_xml(restore_method::restore_at_reboot), "REPLACE_AT_REBOOT");
  EXPECT_EQ(method_in_xml(restore_method::custom), "CUSTOM");
}

TEST(document_xml, backup_documents_look_like_the_originals) {
  backup_document d;
  d.type = backup_type::full;
  d.select_components = true;
  d.bootable_system_state = true;
  d.snapshot_set_id = *parse_guid("4ad2e8b1-faf2-4aca-a010-2c3f939cef62");
  auto& w = d.writers.emplace_back();
  w.class_id = *parse_guid("a65faa63-5ea8-4ebc-9dbd-a0c4db26912a");
  w.instance_id = *parse_guid("dd8d6255-b3bb-4ec1-8249-73cd75c0ee21");
  auto& c = w.components.emplace_back();
  c.logical_path = "WIN2012-SQL17-2";
  c.name = "local1";
  c.backup_stamp = "CAAAAMQv3+t4udUB";
  c.backup_metadata = "BCAA==";
  EXPECT_EQ(to_xml(d), R"(<?xml version="1.0" encoding="UTF-8"?>
<BACKUP_COMPONENTS xmlns="x-schema:#VssComponentMetadata" version="1.2" bootableSystemStateBackup="yes" selectComponents="yes" backupType="full" partialFileSupport="no" snapshotSetId="4ad2e8b1-faf2-4aca-a010-2c3f939cef62">
  <WRITER_COMPONENTS instanceId="dd8d6255-b3bb-4ec1-8249-73cd75c0ee21" writerId="a65faa63-5ea8-4ebc-9dbd-a0c4db26912a">
    <COMPONENT logicalPath="WIN2012-SQL17-2" componentName="local1" componentType="filegroup" backupStamp="CAAAAMQv3+t4udUB">
      <BACKUP_METADATA metadata="BCAA=="/>
    </COMPONENT>
  </WRITER_COMPONENTS>
</BACKUP_COMPONENTS>
)");
}

TEST(document_xml, backup_documents_hold_everything) {
  const auto xml = to_xml(test::full_document());
  for (
      const auto* part : {
          R"(componentType="database" backupSucceeded="yes")",
          R"(backupOptions="&quot;sub&quot;:&quot;name&quot;=&quot;value&quot;")",
          R"(backupStamp="stamp 2" previousBackupStamp="stamp 1")",
          R"(prepareForBackupFailureMsg="prepare" postSnapshotFailureMsg="post")",
          R"(selectedForRestore="yes" additionalRestores="yes")",
          R"(restoreTarget="directed" rangesFilePath="/srv/ranges" fileRestoreStatus="all" authoritativeRestore="yes" rollForward="partial" rollForwardPoint="0/16" restoreName="tables2" preRestoreFailureMsg="pre" postRestoreFailureMsg="post")",
          R"(<BACKUP_METADATA metadata="LSN &lt;0/15D6B20&gt;"/>)",
          R"(<RESTORE_METADATA metadata="restore"/>)",
          R"(<PARTIAL_FILE path="/srv/db" filespec="main.db" ranges="0:4096, 0x2000:512" metadata="crc"/>)",
          R"(<DIFFERENCED_FILE path="/srv/data" filespec="*.tbl" recursive="yes" lastModifyLSN="0/15" lastModifyTime="2024-05-01T12:00:00.1234567Z"/>)",
          R"(<FAILURE hr="0x800423f3" hrApplication="0x00001234" applicationMessage="deadlock"/>)",
          R"(<RESTORE_SUBCOMPONENT logicalPath="cluster\data\tables" componentName="one"/>)",
          R"(<NEW_TARGET path="/srv/data" filespec="*.tbl" recursive="yes" alternatePath="/srv/new"/>)",
          R"(<DIRECTED_TARGET sourcePath="/srv/db" sourceFilename="main.db" sourceRangeList="0:512" destinationPath="/srv/db2" destinationFilename="copy.db" destinationRangeList="1024:512"/>)",
          R"(<ALTERNATE_LOCATION_MAPPING path="/srv/data" filespec="*" recursive="yes" alternatePath="/srv/alt"/>)",
          R"(<SNAPSHOT snapshotId="5a000000-0000-0000-0000-000000000005" snapshotSetId="5a000000-0000-0000-0000-000000000006" snapshotsCount="3" snapshotDeviceObject="/dev/loop7" originalVolumeName="/srv" originatingMachine="alpha" serviceMachine="beta" exposedName="/mnt/copy" exposedPath="/data" providerId="5a000000-0000-0000-0000-000000000007" snapshotAttributes="131073")",
          R"(status="created"/>)",
      })
    EXPECT_THAT(xml, HasSubstr(part));
}

TEST(document_xml, leaves_out_what_was_not_set) {
  backup_document d;
  d.writers.emplace_back().components.emplace_back().name = "c";
  EXPECT_THAT(to_xml(d), HasSubstr("<COMPONENT componentName=\"c\" componentType=\"filegroup\"/>"));
  EXPECT_THAT(to_xml(d), Not(HasSubstr("FAILURE")));
}

}  // namespace
}  // namespace umbra::shadow
