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
  std::string kind;  // "Linux file system", "EFI system"; an unknown type spelled as in the table

  std::uint64_t end() const { return offset + size; }
  bool operator==(const partition&) const = default;
};

struct partition_table {
  table_kind kind = table_kind::none;
  std::vector<partition> partitions;  // sorted by offset, inside the device, without overlap
  std::vector<std::string> notes;     // one line each: what was damaged, what was left out and why
};

// Reads the table of `disk`. A disk without one is `none`; a damaged table gives what can be trusted of it and notes.
// A partition that sticks out of the disk or overlaps another is left out, and so is the other. Fails only when the first
// sector cannot be read.
result<partition_table> read_partitions(io::device& disk);

}  // namespace umbra::table
