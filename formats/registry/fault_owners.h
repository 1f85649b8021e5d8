// SPDX-License-Identifier: GPL-3.0-or-later
// What a disk's bad places hit: files by their paths, or the structures of the disk and its file systems.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/block/extent.h"
#include "engine/io/device.h"

namespace umbra::registry {

enum class fault_owner_kind : std::uint8_t {
  file,
  directory,
  free_space,
  journal,
  inode_table,
  metadata,         // other structures of a file system
  partition_table,  // the disk's own
  gap,              // between partitions
  unknown,
};
// "file", "free space", …
std::string_view name_of(fault_owner_kind kind) noexcept;

struct fault_owner {
  range where;  // of the disk
  fault_owner_kind kind = fault_owner_kind::unknown;
  std::uint32_t partition = 0;  // its number; 0: none
  std::string partition_kind;   // "Linux file system"
  std::string volume;           // the format: "ext4"; empty where none is understood
  std::string name;             // a path in the volume, or words, or nothing
};

// Whose the bytes of `where` (normalised, inside the disk) are: in order, covering exactly `where`. What is damaged,
// contradictory or not understood is unknown. `disk` should fail to read what is not there: zeros that nobody wrote would be
// believed.
std::vector<fault_owner> owners_of(io::device& disk, const range_list& where);

}  // namespace umbra::registry
