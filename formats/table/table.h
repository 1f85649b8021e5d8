// SPDX-License-Identifier: GPL-3.0-or-later
// The partition table of a disk: GPT or MBR, as the kernel of Linux would read it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/io/device.h"

namespace umbra::table {

enum class table_kind : std::uint8_t { none, mbr, gpt };

struct partition {
  std::uint32_t number = 0;  // as the kernel counts: sda1 is 1, the first logical one 5
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string kind;              // "Linux file system", "EFI system"; an unknown type spelled as in the table
  std::string type;              // as in the table: a GUID, or "0x83"
  std::string id;                // as udev spells PARTUUIDs: the partition's GUID, or "1a2b3c4d-01"
  std::string name;              // GPT only; UTF-8
  std::uint64_t attributes = 0;  // GPT only (UEFI 2.10 table 5.8)
  bool boot = false;             // MBR only: the flag of the partition to start from

  std::uint64_t end() const { return offset + size; }
  bool operator==(const partition&) const = default;
};

enum class piece_kind : std::uint8_t { mbr, ebr, gpt_header, gpt_entries, gpt_backup_header, gpt_backup_entries };

// Where a part of the table itself lies: inside the device, but it may overlap anything.
struct piece {
  piece_kind kind = piece_kind::mbr;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  std::uint64_t end() const { return offset + size; }
  bool operator==(const piece&) const = default;
};

struct partition_table {
  table_kind kind = table_kind::none;
  std::uint32_t sector = 512;         // in which the table counts
  std::string id;                     // GPT: the disk's GUID; MBR: its signature, "1a2b3c4d"; empty without
  bool boot_code = false;             // the first sector begins with code for a BIOS
  bool hybrid = false;                // the MBR before the GPT names partitions of its own
  std::vector<partition> partitions;  // sorted by offset, inside the device, without overlap
  std::vector<partition> containers;  // extended partitions: inside the device; logical partitions lie in them
  std::vector<piece> pieces;          // sorted by offset
  std::vector<std::string> notes;     // one line each: what was damaged, what was left out and why
};

// Reads the table of `disk`. A disk without one is `none`; a damaged table gives what can be trusted of it and notes.
// A partition that sticks out of the disk or overlaps another is left out, and so is the other. Fails only when the first
// sector cannot be read.
result<partition_table> read_partitions(io::device& disk);

}  // namespace umbra::table
