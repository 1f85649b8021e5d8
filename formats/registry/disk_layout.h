// SPDX-License-Identifier: GPL-3.0-or-later
// What lies where on a disk: its table, its partitions, and what is in each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/table/regions.h"
#include "formats/table/table.h"

namespace umbra::registry {

enum class content_state : std::uint8_t {
  unknown,     // nobody knows what it is
  marked,      // its name is known and no more
  understood,  // one of formats/fs
  doubtful,    // it looks like several formats
  unreadable,  // it could not be read, see the notes
};

struct logical_volume;

// What lies in a partition, in a logical volume, or on a disk without a table.
struct volume_content {
  content_state state = content_state::unknown;
  std::string kind;                     // "ext4", "Linux RAID"; doubtful: "ext4 and LVM"; empty if unknown
  std::string label;                    // a file system's label, an array's name; any bytes
  std::string id;                       // UUID as blkid spells it
  std::uint64_t size = 0;               // what the format claims, 0 if that is not known
  std::uint32_t cluster = 0;            // its unit of allocation, 0 if there is none or it is not known
  std::optional<std::uint64_t> used;    // bytes that a backup reads; empty if it reads all because of a doubt
  std::vector<std::string> notes;       // as in plan::allocation
  std::vector<logical_volume> volumes;  // LVM: those that lie here as a whole and can be looked into; the notes name the others
};

struct layout_region {
  table::region where;
  std::optional<volume_content> content;  // of partitions and of a whole disk
};

struct disk_layout {
  std::uint64_t size = 0;
  std::uint32_t sector = 512;  // of the device; the table may count in others
  std::string identity;        // disk_identity()
  table::partition_table table;
  std::vector<layout_region> regions;  // every byte of the disk belongs to one
  std::vector<std::string> notes;      // about the whole disk, those of the table included
};

// A volume inside a volume, seen as a disk. Whoever fills this in limits how deep they lie in each other.
struct logical_volume {
  std::string name;  // "vg/root"
  disk_layout disk;
};

}  // namespace umbra::registry
