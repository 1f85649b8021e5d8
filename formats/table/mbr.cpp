// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/table/mbr.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace umbra::table {
namespace {

constexpr unsigned chain_limit = 128;
constexpr std::uint32_t first_logical_number = 5;

struct named_type {
  std::uint8_t type;
  const char* name;
};

constexpr named_type known_types[] = {
    {0x01, "FAT12"},     {0x06, "FAT16"},      {0x07, "NTFS or exFAT"},
    {0x0b, "FAT32"},     {0x0c, "FAT32 LBA"},  {0x0e, "FAT16 LBA"},
    {0x27, "recovery"},  {0x82, "Linux swap"}, {0x83, "Linux file system"},
    {0x8e, "Linux LVM"}, {0xa5, "FreeBSD"},    {0xa6, "OpenBSD"},
    {0xa9, "NetBSD"},    {0xef, "EFI system"}, {0xfd, "Linux RAID"},
};

std::string name_of(std::uint8_t type) {
  const auto* found = std::ranges::find(known_types, type, &named_type::type);
  return found != std::end(known_types) ? found->name : fmt::format("type 0x{:02x}", type);
}

bool is_extended(std::uint8_t type) { return type == 0x05 || type == 0x0f || type == 0x85; }

bool is_used(const mbr_entry& e) { return e.type.value() != 0 && e.sectors.value() != 0; }

partition make_partition(std::uint32_t number, std::uint64_t first_sector, const mbr_entry& e, std::uint32_t sector_size) {
  // Sums of three 32-bit numbers, times at most 4096.
  return {number, first_sector * sector_size, std::uint64_t{e.sectors.value()} * sector_size, name_of(e.type.value())};
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
  logical_chain(partition_table& table, io::unaligned_reader& disk, const mbr_entry& extended, std::uint32_t sector_size,
                std::uint32_t& next_number)
      : table_(table),
        disk_(disk),
        begin_(extended.first_sector.value()),
        size_(extended.sectors.value()),
        sector_size_(sector_size),
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
    const auto sector = read_link(table_, disk_, (begin_ + link) * sector_size_);
    if (!sector) return std::nullopt;
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
    table_.partitions.push_back(make_partition(number_++, begin_ + link + e.first_sector.value(), e, sector_size_));
  }

  partition_table& table_;
  io::unaligned_reader& disk_;
  std::uint64_t begin_;
  std::uint64_t size_;
  std::uint32_t sector_size_;
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

void add_mbr_partitions(partition_table& table, io::unaligned_reader& disk, const mbr_sector& mbr, std::uint32_t sector_size) {
  auto next_logical = first_logical_number;
  std::uint32_t number = 0;
  for (const auto& e : mbr.entries) {
    ++number;
    if (!is_used(e) || e.type.value() == mbr_type_protective) continue;
    if (is_extended(e.type.value())) {
      logical_chain(table, disk, e, sector_size, next_logical).follow();
    } else {
      table.partitions.push_back(make_partition(number, e.first_sector.value(), e, sector_size));
    }
  }
}

}  // namespace umbra::table
