// SPDX-License-Identifier: GPL-3.0-or-later
// A partition table comes from outside. Input: a disk. Partitions must be sorted, inside the disk and without overlap, and every
// byte of the disk must belong to exactly one region, each partition to one of its own.
#include <cstdlib>
#include <vector>

#include "engine/io/memory_device.h"
#include "formats/table/regions.h"

namespace {

using namespace umbra;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_partitions(const table::partition_table& table, std::uint64_t size) {
  std::uint64_t reach = 0;
  for (const auto& p : table.partitions) {
    require(p.offset >= reach && p.size != 0 && p.end() <= size && p.end() > p.offset);
    reach = p.end();
  }
}

void check_regions(const table::partition_table& table, std::uint64_t size) {
  std::uint64_t at = 0;
  std::size_t partitions = 0;
  for (const auto& r : table::regions_of(table, size)) {
    require(r.offset == at && r.size != 0 && r.end() > at);
    at = r.end();
    if (r.kind == table::region_kind::table) {
      require(r.index < table.pieces.size());
      const auto& piece = table.pieces[r.index];
      require(r.offset >= piece.offset && r.end() <= piece.end());
    }
    if (r.kind != table::region_kind::partition) continue;
    require(r.index == partitions && r.offset == table.partitions[r.index].offset && r.size == table.partitions[r.index].size);
    ++partitions;
  }
  require(at == size);
  require(table.kind == table::table_kind::none || partitions == table.partitions.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  io::memory_device disk(std::vector<std::byte>(bytes, bytes + size));
  const auto table = table::read_partitions(disk);
  require(table.has_value());  // memory never fails to read
  check_partitions(table.value(), size);
  check_regions(table.value(), size);
  return 0;
}
