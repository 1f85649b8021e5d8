// SPDX-License-Identifier: GPL-3.0-or-later
// The classic table in the first sector, with the chain of logical partitions.
#pragma once

#include <optional>

#include "engine/base/wire.h"
#include "engine/io/unaligned_reader.h"
#include "formats/table/table.h"

namespace umbra::table {

struct mbr_entry {
  wire::u8 boot;  // 0x80: boot from here, else 0
  wire::u8 first_chs[3];
  wire::u8 type;
  wire::u8 last_chs[3];
  wire::u32 first_sector;
  wire::u32 sectors;
};
static_assert(sizeof(mbr_entry) == 16);

struct mbr_sector {
  wire::u8 code[440];
  wire::u32 disk;  // the disk's signature, written by Windows and by partitioning tools
  wire::u16 unused;
  mbr_entry entries[4];
  wire::u8 signature[2];
};
static_assert(sizeof(mbr_sector) == 512);

constexpr std::uint8_t mbr_type_protective = 0xee;

// The sector if it carries a table: the signature, and no boot flag that a table cannot have.
std::optional<mbr_sector> parse_mbr(byte_view first_sector);

// True if the table only says "a GPT is here" (beside it a hybrid table may name up to three of its partitions).
bool is_protective(const mbr_sector& mbr);

// True if a table that says "a GPT is here" also names partitions of its own.
bool is_hybrid(const mbr_sector& mbr);

// The disk's signature, where the code begins, and the place of the sector itself.
void add_mbr_itself(partition_table& table, const mbr_sector& mbr, std::uint32_t sector_size);

// Primary, extended and logical partitions. Chains of logical ones are followed for at most 128
// links; what cannot be followed is a note. add_mbr_itself() comes first.
void add_mbr_partitions(partition_table& table, io::unaligned_reader& disk, const mbr_sector& mbr);

}  // namespace umbra::table
