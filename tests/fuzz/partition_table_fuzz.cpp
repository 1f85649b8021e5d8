// SPDX-License-Identifier: GPL-3.0-or-later
// A partition table comes from outside. Input: a disk. What comes out must be sorted, inside the disk and without overlap.
#include <cstdlib>
#include <vector>

#include "engine/io/memory_device.h"
#include "formats/table/table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace umbra;
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  io::memory_device disk(std::vector<std::byte>(bytes, bytes + size));
  const auto table = table::read_partitions(disk);
  if (table.has_error()) std::abort();  // memory never fails to read
  std::uint64_t reach = 0;
  for (const auto& p : table.value().partitions) {
    if (p.offset < reach || p.size == 0 || p.end() > size || p.end() < p.offset) std::abort();
    reach = p.end();
  }
  return 0;
}
