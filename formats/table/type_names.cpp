// SPDX-License-Identifier: GPL-3.0-or-later
// Types of the GPT: UEFI 2.10 table 5.7, the Discoverable Partitions Specification, Microsoft's "PARTITION_INFORMATION_GPT".
// Types of the MBR: those that Linux's fdisk lists.
#include "formats/table/type_names.h"

#include <algorithm>

#include <fmt/format.h>

namespace umbra::table {
namespace {

struct gpt_type {
  std::string_view guid;
  const char* name;
};

constexpr gpt_type gpt_types[] = {
    {"0fc63daf-8483-4772-8e79-3d69d8477de4", "Linux file system"},
    {"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "EFI system"},
    {"21686148-6449-6e6f-744e-656564454649", "BIOS boot"},
    {"024dee41-33e7-11d3-9d69-0008c781f39f", "MBR partition scheme"},
    {"0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "Linux swap"},
    {"e6d6d379-f507-44c2-a23c-238f2a3df928", "Linux LVM"},
    {"a19d880f-05fc-4d3b-a006-743f0f84911e", "Linux RAID"},
    {"ca7d7ccb-63ed-4c53-861c-1742536059cc", "Linux LUKS"},
    {"8da63339-0007-60c0-c436-083ac8230908", "Linux reserved"},
    {"44479540-f297-41b2-9af7-d131d5f0458a", "Linux root x86"},
    {"4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "Linux root x86-64"},
    {"69dad710-2ce4-4e3c-b16c-21a1d49abed3", "Linux root arm"},
    {"b921b045-1df0-41c3-af44-4c6f280d3fae", "Linux root arm64"},
    {"8484680c-9521-48c6-9c11-b0720656f69e", "Linux usr x86-64"},
    {"933ac7e1-2eb4-4f13-b844-0e14e2aef915", "Linux home"},
    {"3b8f8425-20e0-4f3b-907f-1a25a76f98e8", "Linux srv"},
    {"4d21b016-b534-45c2-a9fb-5c16e091fd2d", "Linux var"},
    {"bc13c2ff-59e6-4262-a352-b275fd6f7172", "Linux extended boot"},
    {"ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "Microsoft basic data"},
    {"e3c9e316-0b5c-4db8-817d-f92df00215ae", "Microsoft reserved"},
    {"de94bba4-06d1-4d40-a16a-bfd50179d6ac", "Windows recovery"},
    {"5808c8aa-7e8f-42e0-85d2-e1e90434cfb3", "Windows LDM metadata"},
    {"af9b60a0-1431-4f62-bc68-3311714a69ad", "Windows LDM data"},
    {"e75caf8f-f680-4cee-afa3-b001e56efc2d", "Windows storage spaces"},
    {"516e7cb6-6ecf-11d6-8ff8-00022d09712b", "FreeBSD UFS"},
    {"516e7cba-6ecf-11d6-8ff8-00022d09712b", "FreeBSD ZFS"},
    {"48465300-0000-11aa-aa11-00306543ecac", "Apple HFS"},
    {"7c3457ef-0000-11aa-aa11-00306543ecac", "Apple APFS"},
};

struct mbr_type {
  std::uint8_t type;
  const char* name;
};

constexpr mbr_type mbr_types[] = {
    {0x01, "FAT12"},
    {0x04, "FAT16"},
    {0x05, "extended"},
    {0x06, "FAT16"},
    {0x07, "NTFS or exFAT"},
    {0x0b, "FAT32"},
    {0x0c, "FAT32 LBA"},
    {0x0e, "FAT16 LBA"},
    {0x0f, "extended"},
    {0x27, "recovery"},
    {0x42, "Windows LDM"},
    {0x82, "Linux swap"},
    {0x83, "Linux file system"},
    {0x85, "extended"},
    {0x8e, "Linux LVM"},
    {0xa5, "FreeBSD"},
    {0xa6, "OpenBSD"},
    {0xa9, "NetBSD"},
    {0xaf, "Apple HFS"},
    {0xda, "no file system"},
    {0xee, "GPT"},
    {0xef, "EFI system"},
    {0xfd, "Linux RAID"},
};

}  // namespace

std::string name_of_gpt_type(std::string_view guid) {
  const auto* found = std::ranges::find(gpt_types, guid, &gpt_type::guid);
  return found != std::end(gpt_types) ? found->name : fmt::format("type {}", guid);
}

std::string name_of_mbr_type(std::uint8_t type) {
  const auto* found = std::ranges::find(mbr_types, type, &mbr_type::type);
  return found != std::end(mbr_types) ? found->name : fmt::format("type 0x{:02x}", type);
}

}  // namespace umbra::table
