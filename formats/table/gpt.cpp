// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/table/gpt.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <boost/crc.hpp>

#include "engine/block/zero.h"

namespace umbra::table {
namespace {

// 128 entries of 128 bytes are usual; Linux itself refuses tables of more than a few thousand.
constexpr std::uint32_t entry_count_limit = 4096;
constexpr std::uint32_t entry_size_limit = 4096;
constexpr std::uint64_t entries_size_limit = 1 << 20;

struct named_type {
  std::string_view guid;
  const char* name;
};

constexpr named_type known_types[] = {
    {"0fc63daf-8483-4772-8e79-3d69d8477de4", "Linux file system"},
    {"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "EFI system"},
    {"21686148-6449-6e6f-744e-656564454649", "BIOS boot"},
    {"0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "Linux swap"},
    {"e6d6d379-f507-44c2-a23c-238f2a3df928", "Linux LVM"},
    {"a19d880f-05fc-4d3b-a006-743f0f84911e", "Linux RAID"},
    {"ca7d7ccb-63ed-4c53-861c-1742536059cc", "Linux LUKS"},
    {"4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "Linux root x86-64"},
    {"b921b045-1df0-41c3-af44-4c6f280d3fae", "Linux root arm64"},
    {"933ac7e1-2eb4-4f13-b844-0e14e2aef915", "Linux home"},
    {"bc13c2ff-59e6-4262-a352-b275fd6f7172", "Linux extended boot"},
    {"ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "Microsoft basic data"},
    {"e3c9e316-0b5c-4db8-817d-f92df00215ae", "Microsoft reserved"},
    {"de94bba4-06d1-4d40-a16a-bfd50179d6ac", "Windows recovery"},
};

std::string name_of(const gpt_guid& type) {
  auto text = to_text(type);
  const auto* found = std::ranges::find(known_types, std::string_view(text), &named_type::guid);
  return found != std::end(known_types) ? found->name : "type " + text;
}

std::uint32_t crc32(byte_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

bool header_crc_holds(std::vector<std::byte>& sector, const gpt_header& header) {
  const auto size = header.header_size.value();
  if (size < sizeof(gpt_header) || size > sector.size()) return false;
  std::fill_n(sector.begin() + offsetof(gpt_header, header_crc), sizeof(header.header_crc), std::byte{0});
  return crc32(byte_view(sector).first(size)) == header.header_crc.value();
}

bool entries_are_bounded(const gpt_header& header) {
  const auto size = header.entry_size.value();
  const auto count = header.entry_count.value();
  return size >= sizeof(gpt_entry) && size <= entry_size_limit && is_power_of_two(size) && count <= entry_count_limit &&
         std::uint64_t{size} * count <= entries_size_limit;
}

// One copy of the table. An empty optional means "nothing of a GPT here"; an error says what is wrong with what is here.
result<std::optional<gpt_header>> read_header(io::unaligned_reader& disk, std::uint64_t sector, std::uint32_t sector_size) {
  std::vector<std::byte> bytes(sector_size);
  CHECK(disk.read(sector * sector_size, bytes));
  const auto header = read_struct<gpt_header>(bytes);
  if (std::string_view(header.signature, sizeof(header.signature)) != "EFI PART") return std::optional<gpt_header>();
  if (header.revision.value() >> 16 != 1) return error(errc::unsupported_version, "header");
  if (!header_crc_holds(bytes, header)) return error(errc::checksum, "header");
  if (header.this_sector.value() != sector) return error(errc::decode, "header says it lies elsewhere");
  if (!entries_are_bounded(header)) return error(errc::decode, "size of the entries");
  return std::optional(header);
}

result<std::vector<std::byte>> read_entries(io::unaligned_reader& disk, const gpt_header& header, std::uint32_t sector_size) {
  const auto offset = checked_mul(header.entries_sector.value(), sector_size);
  if (!offset) return error(errc::out_of_range, "place of the entries");
  std::vector<std::byte> bytes(std::size_t{header.entry_size.value()} * header.entry_count.value());
  CHECK(disk.read(*offset, bytes));
  if (crc32(bytes) != header.entries_crc.value()) return error(errc::checksum, "entries");
  return bytes;
}

void add_entry(partition_table& table, std::uint32_t number, const gpt_entry& entry, std::uint32_t sector_size) {
  if (is_zero(bytes_of(entry.type))) return;
  const auto first = entry.first_sector.value();
  const auto last = entry.last_sector.value();
  const auto offset = checked_mul(first, sector_size);
  const auto size = last >= first && last - first < ~std::uint64_t{0} ? checked_mul(last - first + 1, sector_size) : std::nullopt;
  if (!offset || !size || !checked_add(*offset, *size)) {
    table.notes.push_back(fmt::format("partition {}: its end lies before its beginning or beyond all numbers, left out", number));
    return;
  }
  table.partitions.push_back({number, *offset, *size, name_of(entry.type)});
}

result<bool> add_copy(partition_table& table, io::unaligned_reader& disk, std::uint64_t sector, std::uint32_t sector_size) {
  TRY(const auto header, read_header(disk, sector, sector_size));
  if (!header) return false;
  TRY(const auto entries, read_entries(disk, *header, sector_size));
  for (std::uint32_t i = 0; i < header->entry_count.value(); ++i) {
    const auto at = std::size_t{i} * header->entry_size.value();
    add_entry(table, i + 1, read_struct<gpt_entry>(byte_view(entries).subspan(at)), sector_size);
  }
  return true;
}

}  // namespace

std::string to_text(const gpt_guid& guid) {
  const auto rest = to_hex(bytes_of(guid.rest));
  return fmt::format("{:08x}-{:04x}-{:04x}-{}-{}", guid.a.value(), guid.b.value(), guid.c.value(), rest.substr(0, 4),
                     rest.substr(4));
}

bool add_gpt_partitions(partition_table& table, io::unaligned_reader& disk, std::uint32_t sector_size) {
  const auto sectors = disk.size() / sector_size;
  if (sectors < 3) return false;
  auto first = add_copy(table, disk, 1, sector_size);
  if (first && first.value()) return true;
  auto second = add_copy(table, disk, sectors - 1, sector_size);
  if (first.has_error()) table.notes.push_back("GPT, first copy: " + first.error().message());
  if (second && second.value()) {
    table.notes.push_back("GPT read from its copy at the end of the disk");
    return true;
  }
  if (second.has_error()) table.notes.push_back("GPT, copy at the end: " + second.error().message());
  return false;
}

}  // namespace umbra::table
