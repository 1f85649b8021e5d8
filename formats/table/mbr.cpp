// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/table/mbr.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "engine/block/zero.h"
#include "formats/table/type_names.h"

namespace umbra::table {
namespace {

constexpr unsigned chain_limit = 128;
constexpr std::uint32_t first_logical_number = 5;

bool is_extended(std::uint8_t type) { return type == 0x05 || type == 0x0f || type == 0x85; }

bool is_used(const mbr_entry& e) { return e.type.value() != 0 && e.sectors.value() != 0; }

partition make_partition(const partition_table& table, std::uint32_t number, std::uint64_t first_sector, const mbr_entry& e) {
  partition p;
  p.number = number;
  // Sums of three 32-bit numbers, times at most 4096.
  p.offset = first_sector * table.sector;
  p.size = std::uint64_t{e.sectors.value()} * table.sector;
  p.kind = name_of_mbr_type(e.type.value());
  p.type = fmt::format("0x{:02x}", e.type.value());
  if (!table.id.empty()) p.id = fmt::format("{}-{:02x}", table.id, number);
  p.boot = e.boot.value() == 0x80;
  return p;
}

std::optional<mbr_sector> read_link(partition_table& table, io::unaligned_reader& disk, std::uint64_t offset) {
  std::array<std::byte, sizeof(mbr_sector)> bytes;
  const auto read = disk.read(offset, bytes);
  auto link = read ? parse_mbr(bytes) : std::nullopt;
  if (!link)
    table.notes.push_back(fmt::format("logical partitions: the link at {} is no table, those after it are unknown", offset));
  return link;
}

// The chain inside one extended partition: each link names one logical partition, relative to itself, and the next
// link, relative to the extended partition's beginning.
class logical_chain {
 public:
  logical_chain(partition_table& table, io::unaligned_reader& disk, const mbr_entry& extended, std::uint32_t& next_number)
      : table_(table),
        disk_(disk),
        begin_(extended.first_sector.value()),
        size_(extended.sectors.value()),
        number_(next_number) {}

  void follow() {
    std::optional<std::uint64_t> link = 0;
    for (unsigned links = 0; link; ++links) {
      if (links == chain_limit) {
        table_.notes.push_back(fmt::format("logical partitions: more than {} links, the rest is unknown", chain_limit));
        return;
      }
      link = visit(*link);
    }
  }

 private:
  // Adds what the link at this sector of the extended partition names; answers the next link.
  std::optional<std::uint64_t> visit(std::uint64_t link) {
    const auto sector = read_link(table_, disk_, (begin_ + link) * table_.sector);
    if (!sector) return std::nullopt;
    table_.pieces.push_back({piece_kind::ebr, (begin_ + link) * table_.sector, table_.sector});
    std::optional<std::uint64_t> next;
    for (const auto& e : sector->entries) {
      if (!is_used(e)) continue;
      if (is_extended(e.type.value())) {
        if (!next && e.first_sector.value() != 0) next = e.first_sector.value();
      } else {
        add(link, e);
      }
    }
    if (next && *next >= size_) {
      table_.notes.push_back("logical partitions: a link leads out of the extended partition, those after it are unknown");
      return std::nullopt;
    }
    return next;
  }

  void add(std::uint64_t link, const mbr_entry& e) {
    table_.partitions.push_back(make_partition(table_, number_++, begin_ + link + e.first_sector.value(), e));
  }

  partition_table& table_;
  io::unaligned_reader& disk_;
  std::uint64_t begin_;
  std::uint64_t size_;
  std::uint32_t& number_;
};

}  // namespace

std::optional<mbr_sector> parse_mbr(byte_view first_sector) {
  if (first_sector.size() < sizeof(mbr_sector)) return std::nullopt;
  const auto mbr = read_struct<mbr_sector>(first_sector);
  if (mbr.signature[0].value() != 0x55 || mbr.signature[1].value() != 0xaa) return std::nullopt;
  // Boot sectors of file systems end in the same signature but have code or text where a table has flags.
  for (const auto& e : mbr.entries) {
    if ((e.boot.value() & 0x7f) != 0) return std::nullopt;
  }
  return mbr;
}

bool is_protective(const mbr_sector& mbr) {
  return std::ranges::any_of(mbr.entries, [](const auto& e) { return e.type.value() == mbr_type_protective; });
}

bool is_hybrid(const mbr_sector& mbr) {
  return is_protective(mbr) &&
         std::ranges::any_of(mbr.entries, [](const auto& e) { return is_used(e) && e.type.value() != mbr_type_protective; });
}

void add_mbr_itself(partition_table& table, const mbr_sector& mbr, std::uint32_t sector_size) {
  table.sector = sector_size;
  table.boot_code = !is_zero(bytes_of(mbr.code));
  if (mbr.disk.value() != 0) table.id = fmt::format("{:08x}", mbr.disk.value());
  table.pieces.push_back({piece_kind::mbr, 0, sector_size});
}

void add_mbr_partitions(partition_table& table, io::unaligned_reader& disk, const mbr_sector& mbr) {
  auto next_logical = first_logical_number;
  std::uint32_t number = 0;
  for (const auto& e : mbr.entries) {
    ++number;
    if (!is_used(e) || e.type.value() == mbr_type_protective) continue;
    auto p = make_partition(table, number, e.first_sector.value(), e);
    if (is_extended(e.type.value())) {
      table.containers.push_back(std::move(p));
      logical_chain(table, disk, e, next_logical).follow();
    } else {
      table.partitions.push_back(std::move(p));
    }
  }
}

}  // namespace umbra::table
