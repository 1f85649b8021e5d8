// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/table/gpt.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include <fmt/format.h>
#include <boost/crc.hpp>

#include "engine/block/zero.h"
#include "formats/table/type_names.h"

namespace umbra::table {
namespace {

// 128 entries of 128 bytes are usual; Linux itself refuses tables of more than a few thousand.
constexpr std::uint32_t entry_count_limit = 4096;
constexpr std::uint32_t entry_size_limit = 4096;
constexpr std::uint64_t entries_size_limit = 1 << 20;

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

// One copy of the table, whole.
struct gpt_copy {
  gpt_header header;
  std::vector<std::byte> entries;
};
using found_copy = result<std::optional<gpt_copy>>;

// An empty optional means "nothing of a GPT here"; an error says what is wrong with what is here.
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

std::size_t entries_size(const gpt_header& header) { return std::size_t{header.entry_size.value()} * header.entry_count.value(); }

result<std::vector<std::byte>> read_entries(io::unaligned_reader& disk, const gpt_header& header, std::uint32_t sector_size) {
  const auto offset = checked_mul(header.entries_sector.value(), sector_size);
  if (!offset) return error(errc::out_of_range, "place of the entries");
  std::vector<std::byte> bytes(entries_size(header));
  CHECK(disk.read(*offset, bytes));
  if (crc32(bytes) != header.entries_crc.value()) return error(errc::checksum, "entries");
  return bytes;
}

found_copy read_copy(io::unaligned_reader& disk, std::uint64_t sector, std::uint32_t sector_size) {
  TRY(const auto header, read_header(disk, sector, sector_size));
  if (!header) return std::optional<gpt_copy>();
  TRY(auto entries, read_entries(disk, *header, sector_size));
  return std::optional(gpt_copy{*header, std::move(entries)});
}

bool is_whole(const found_copy& copy) { return copy.has_value() && copy.assume_value().has_value(); }

void append_utf8(std::string& text, char32_t c) {
  const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xc0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xe0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xf0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

// The name up to the first zero; U+FFFD for half a pair of surrogates.
std::string name_in(const gpt_entry& entry) {
  std::string name;
  const std::span units(entry.name);
  for (std::size_t i = 0; i < units.size() && units[i].value() != 0; ++i) {
    char32_t c = units[i].value();
    const char32_t next = i + 1 < units.size() ? units[i + 1].value() : 0;
    if (c >= 0xd800 && c < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
      c = 0x10000 + ((c - 0xd800) << 10 | (next - 0xdc00));
      ++i;
    } else if (c >= 0xd800 && c < 0xe000) {
      c = 0xfffd;
    }
    append_utf8(name, c);
  }
  return name;
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
  const auto type = to_text(entry.type);
  table.partitions.push_back({.number = number,
                              .offset = *offset,
                              .size = *size,
                              .kind = name_of_gpt_type(type),
                              .type = type,
                              .id = to_text(entry.id),
                              .name = name_in(entry),
                              .attributes = entry.attributes.value(),
                              .boot = false});
}

// Reads both copies and takes from them what can be trusted.
class gpt_reader {
 public:
  gpt_reader(partition_table& table, io::unaligned_reader& disk, std::uint32_t sector_size)
      : table_(table), disk_(disk), sector_size_(sector_size), sectors_(disk.size() / sector_size) {}

  bool read() {
    auto first = read_copy(disk_, 1, sector_size_);
    auto second = read_copy(disk_, sectors_ - 1, sector_size_);
    const auto used = is_whole(first) ? first : second;
    note_damage(first, second);
    if (!is_whole(used)) return false;
    const auto& copy = *used.assume_value();
    std::uint64_t second_sector = sectors_ - 1;
    if (is_whole(first) && !is_whole(second)) second_sector = look_elsewhere(copy, second);
    if (is_whole(first) && is_whole(second)) compare(copy, *second.assume_value());
    take(copy);
    add_pieces(first, second, copy, second_sector);
    return true;
  }

 private:
  void note_damage(const found_copy& first, const found_copy& second) {
    if (first.has_error()) table_.notes.push_back("GPT, first copy: " + first.assume_error().message());
    if (second.has_error()) table_.notes.push_back("GPT, copy at the end: " + second.assume_error().message());
    if (!is_whole(first) && is_whole(second)) table_.notes.emplace_back("GPT read from its copy at the end of the disk");
  }

  // A disk that has grown, or was copied onto a larger one, keeps its second copy where its end was.
  std::uint64_t look_elsewhere(const gpt_copy& first, found_copy& second) {
    const auto end = sectors_ - 1;
    const auto sector = first.header.other_sector.value();
    if (sector > 1 && sector < end) {
      auto other = read_copy(disk_, sector, sector_size_);
      if (is_whole(other)) {
        table_.notes.push_back(fmt::format("GPT: its second copy lies at byte {} and not at the end of the disk, which has grown",
                                           sector * sector_size_));
        second = std::move(other);
        return sector;
      }
    }
    if (second.has_value()) table_.notes.emplace_back("GPT: there is no second copy at the end of the disk");
    return end;
  }

  void compare(const gpt_copy& first, const gpt_copy& second) {
    const auto differ = [&](const char* what) {
      table_.notes.push_back(fmt::format("GPT: its two copies name different {}; the first one counts", what));
    };
    if (to_text(first.header.disk) != to_text(second.header.disk)) differ("GUIDs of the disk");
    if (first.entries != second.entries) differ("partitions");
  }

  void take(const gpt_copy& copy) {
    table_.id = to_text(copy.header.disk);
    table_.sector = sector_size_;
    const auto& header = copy.header;
    for (std::uint32_t i = 0; i < header.entry_count.value(); ++i) {
      const auto at = std::size_t{i} * header.entry_size.value();
      add_entry(table_, i + 1, read_struct<gpt_entry>(byte_view(copy.entries).subspan(at)), sector_size_);
    }
  }

  // Of a copy that cannot be read the entries are taken to lie where they usually do.
  void add_pieces(const found_copy& first, const found_copy& second, const gpt_copy& good, std::uint64_t second_sector) {
    const auto size = align_up(entries_size(good.header), sector_size_);
    const auto count = size / sector_size_;
    add(piece_kind::gpt_header, 1, sector_size_);
    add(piece_kind::gpt_entries, is_whole(first) ? first.assume_value()->header.entries_sector.value() : 2, size);
    if (second.has_value() && !second.assume_value()) return;
    add(piece_kind::gpt_backup_header, second_sector, sector_size_);
    const auto usual = second_sector > count ? second_sector - count : 0;
    const auto entries = is_whole(second) ? second.assume_value()->header.entries_sector.value() : usual;
    if (entries != 0) add(piece_kind::gpt_backup_entries, entries, size);
  }

  void add(piece_kind kind, std::uint64_t sector, std::uint64_t size) {
    const auto offset = checked_mul(sector, sector_size_);
    if (offset && size != 0 && fits(*offset, size, disk_.size())) table_.pieces.push_back({kind, *offset, size});
  }

  partition_table& table_;
  io::unaligned_reader& disk_;
  const std::uint32_t sector_size_;
  const std::uint64_t sectors_;
};

}  // namespace

std::string to_text(const gpt_guid& guid) {
  const auto rest = to_hex(bytes_of(guid.rest));
  return fmt::format("{:08x}-{:04x}-{:04x}-{}-{}", guid.a.value(), guid.b.value(), guid.c.value(), rest.substr(0, 4),
                     rest.substr(4));
}

bool add_gpt_partitions(partition_table& table, io::unaligned_reader& disk, std::uint32_t sector_size) {
  return disk.size() / sector_size >= 3 && gpt_reader(table, disk, sector_size).read();
}

}  // namespace umbra::table
