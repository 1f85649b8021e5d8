// SPDX-License-Identifier: GPL-3.0-or-later
// The GUID partition table (UEFI 2.10 §5.3): a header and an array of entries after the first sector, and a copy of
// both at the disk's end.
#pragma once

#include "engine/base/wire.h"
#include "engine/io/unaligned_reader.h"
#include "formats/table/table.h"

namespace umbra::table {

struct gpt_guid {
  wire::u32 a;
  wire::u16 b;
  wire::u16 c;
  wire::u8 rest[8];
};
static_assert(sizeof(gpt_guid) == 16);

struct gpt_header {
  char signature[8];  // "EFI PART"
  wire::u32 revision;
  wire::u32 header_size;
  wire::u32 header_crc;  // of header_size bytes with this field zero
  wire::u32 reserved;
  wire::u64 this_sector;
  wire::u64 other_sector;  // where the other copy is
  wire::u64 first_usable;
  wire::u64 last_usable;
  gpt_guid disk;
  wire::u64 entries_sector;
  wire::u32 entry_count;
  wire::u32 entry_size;
  wire::u32 entries_crc;
};
static_assert(sizeof(gpt_header) == 92);

struct gpt_entry {
  gpt_guid type;
  gpt_guid id;
  wire::u64 first_sector;
  wire::u64 last_sector;  // inclusive
  wire::u64 attributes;
  wire::u16 name[36];
};
static_assert(sizeof(gpt_entry) == 128);

// "0fc63daf-8483-4772-8e79-3d69d8477de4"
std::string to_text(const gpt_guid& guid);

// Adds the partitions of the first copy that is whole, the one after the first sector or else the one at the disk's end, with the
// disk's GUID and the places of both copies. Both are read: notes tell of damage and differences. False, with a note if there was
// something, when neither is whole.
bool add_gpt_partitions(partition_table& table, io::unaligned_reader& disk, std::uint32_t sector_size);

}  // namespace umbra::table
