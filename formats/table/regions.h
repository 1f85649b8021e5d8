// SPDX-License-Identifier: GPL-3.0-or-later
// A disk as a row of regions: its table, its partitions, and what lies between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "formats/table/table.h"

namespace umbra::table {

enum class region_kind : std::uint8_t {
  whole,      // a disk without a table: all of it
  table,      // a piece of the table
  gap,        // right behind the table and before the first partition, up to 1 MiB: where boot loaders hide; or the same in an
              // extended partition
  partition,  // all of one
  free,       // belongs to no partition
};

struct region {
  region_kind kind = region_kind::free;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::size_t index = 0;        // table: of `pieces`; partition: of `partitions`
  std::uint32_t container = 0;  // number of the extended partition that it lies in, 0: none

  std::uint64_t end() const { return offset + size; }
  bool operator==(const region&) const = default;
};

// In order, without gaps or overlap, from 0 to `disk_size`: every byte belongs to exactly one region. Each partition is one
// region; a piece of the table that a partition covers, in whole or in part, is shown as far as it sticks out. `disk_size` is
// that of the disk that the table was read from.
std::vector<region> regions_of(const partition_table& table, std::uint64_t disk_size);

}  // namespace umbra::table
