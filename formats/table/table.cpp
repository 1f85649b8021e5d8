// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/table/table.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "formats/table/gpt.h"
#include "formats/table/mbr.h"

namespace umbra::table {
namespace {

// The device's own unit first, then the other: an image of a disk does not tell the disk's sectors.
std::array<std::uint32_t, 2> sector_sizes(const io::device& disk) {
  if (disk.geometry().logical_sector == 4096) return {4096, 512};
  return {512, 4096};
}

void read_gpt(partition_table& table, io::unaligned_reader& disk, const std::array<std::uint32_t, 2>& sizes) {
  for (const auto size : sizes) {
    if (add_gpt_partitions(table, disk, size)) {
      table.kind = table_kind::gpt;
      table.pieces.front().size = size;  // the MBR has a sector of the GPT's to itself
      return;
    }
  }
  table.notes.emplace_back("the first sector announces a GPT, but neither copy of it can be used");
}

void note_hybrid(partition_table& table, const mbr_sector& mbr) {
  if (!is_hybrid(mbr)) return;
  table.hybrid = true;
  table.notes.emplace_back("hybrid: the MBR names partitions of its own beside the GPT, which counts here");
}

// It is no table after all: what looked like a disk's signature is part of something else.
void forget_sector(partition_table& table) {
  table.id.clear();
  table.boot_code = false;
  table.pieces.clear();
}

void drop_outside(partition_table& table, std::uint64_t disk_size) {
  const auto sticks_out = [&](const auto& p) {
    if (p.size != 0 && fits(p.offset, p.size, disk_size)) return false;
    table.notes.push_back(fmt::format("partition {}: sticks out of the disk, left out", p.number));
    return true;
  };
  std::erase_if(table.partitions, sticks_out);
  std::erase_if(table.containers, sticks_out);
  std::erase_if(table.pieces, [&](const auto& p) { return p.size == 0 || !fits(p.offset, p.size, disk_size); });
}

// Both sides of an overlap go: nobody can say whose the shared bytes are.
void drop_overlapping(partition_table& table) {
  std::vector<partition> kept;
  std::uint64_t reach = 0;    // the furthest end so far
  bool last_is_good = false;  // kept.back() overlaps nobody yet
  for (auto& p : table.partitions) {
    const bool overlaps = p.offset < reach;
    if (overlaps) {
      table.notes.push_back(fmt::format("partition {}: overlaps another, both left out", p.number));
      if (last_is_good) kept.pop_back();
    }
    reach = std::max(reach, p.end());
    last_is_good = !overlaps;
    if (!overlaps) kept.push_back(std::move(p));
  }
  table.partitions = std::move(kept);
}

}  // namespace

result<partition_table> read_partitions(io::device& disk) {
  partition_table table;
  io::unaligned_reader reader(disk);
  std::array<std::byte, sizeof(mbr_sector)> first{};
  if (reader.size() < first.size()) return table;
  CHECK(within("partition table", reader.read(0, first)));
  const auto mbr = parse_mbr(first);
  // A GPT without its protective MBR is what a newer table or file system left behind: the kernel does not see it either.
  if (!mbr) return table;
  const auto sizes = sector_sizes(disk);
  add_mbr_itself(table, *mbr, sizes[0]);
  if (is_protective(*mbr)) {
    read_gpt(table, reader, sizes);
    note_hybrid(table, *mbr);
  } else {
    add_mbr_partitions(table, reader, *mbr);
    if (!table.partitions.empty() || !table.containers.empty() || !table.notes.empty()) table.kind = table_kind::mbr;
  }
  std::ranges::stable_sort(table.partitions, {}, &partition::offset);
  std::ranges::stable_sort(table.pieces, {}, &piece::offset);
  drop_overlapping(table);
  drop_outside(table, reader.size());
  if (table.kind == table_kind::none) forget_sector(table);
  return table;
}

}  // namespace umbra::table
