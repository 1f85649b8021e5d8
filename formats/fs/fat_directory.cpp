// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/fat_directory.h"

#include <algorithm>

#include "engine/base/wire.h"
#include "formats/fs/names.h"

namespace umbra::fs {
namespace {

constexpr std::uint8_t attribute_label = 0x08, attribute_directory = 0x10, attributes_of_long_name = 0x0f, attribute_mask = 0x3f;
constexpr std::uint8_t never_used = 0, deleted = 0xe5, stands_for_e5 = 0x05;
constexpr std::uint8_t lower_stem = 0x08, lower_extension = 0x10;

struct short_record {
  wire::u8 name[11];
  wire::u8 attributes;
  wire::u8 letter_case;
  wire::u8 times[7];
  wire::u16 first_high;
  wire::u8 written[4];
  wire::u16 first_low;
  wire::u32 size;
};
struct long_record {
  wire::u8 order;  // number of the piece, counted from 1; with 0x40 it is the last one
  wire::u8 text_1[10];
  wire::u8 attributes;
  wire::u8 kind;
  wire::u8 checksum;
  wire::u8 text_2[12];
  wire::u16 first;
  wire::u8 text_3[4];
};
static_assert(sizeof(short_record) == record_size && sizeof(long_record) == record_size);

constexpr unsigned last_piece = 0x40;
constexpr unsigned most_pieces = 20;
constexpr std::size_t piece_bytes = 26;

std::uint8_t checksum_of(const short_record& r) {
  unsigned sum = 0;
  for (const auto& c : r.name) sum = ((sum << 7 | sum >> 1) + c.value()) & 0xff;
  return static_cast<std::uint8_t>(sum);
}

void add_letters(std::string& out, const wire::u8* letters, std::size_t count, bool lower) {
  while (count != 0 && letters[count - 1].value() == ' ') --count;
  for (std::size_t i = 0; i < count; ++i) {
    const auto c = static_cast<char>(letters[i].value());
    out += lower && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
}

std::string short_name(const short_record& r) {
  std::string stem;
  std::string extension;
  add_letters(stem, r.name, 8, (r.letter_case.value() & lower_stem) != 0);
  add_letters(extension, r.name + 8, 3, (r.letter_case.value() & lower_extension) != 0);
  if (!stem.empty() && stem.front() == static_cast<char>(stands_for_e5)) stem.front() = static_cast<char>(deleted);
  return extension.empty() ? stem : stem + "." + extension;
}

}  // namespace

void fat_directory::begin(bool) { long_name_.clear(); }

record_parser::outcome fat_directory::take(byte_view record, tree_entry& out) {
  const auto r = read_struct<short_record>(record);
  const auto mark = r.name[0].value();
  if (mark == never_used) return outcome::end;
  const auto attributes = r.attributes.value() & attribute_mask;
  if (mark != deleted && attributes == attributes_of_long_name) {
    take_long_piece(record);
    return outcome::nothing;
  }
  auto name = long_name(checksum_of(r));
  long_name_.clear();
  if (mark == deleted || (attributes & attribute_label) != 0) return outcome::nothing;
  if (name.empty()) name = short_name(r);
  if (name == "." || name == "..") return outcome::nothing;
  out.kind = (attributes & attribute_directory) != 0 ? node_kind::directory : node_kind::file;
  out.name = std::move(name);
  out.first = r.first_low.value() | (wide_ ? std::uint32_t{r.first_high.value()} << 16 : 0);
  out.size = out.kind == node_kind::file ? r.size.value() : 0;
  return outcome::entry;
}

void fat_directory::take_long_piece(byte_view record) {
  const auto r = read_struct<long_record>(record);
  const unsigned order = r.order.value();
  const auto number = order & ~last_piece;
  if ((order & last_piece) != 0 && number >= 1 && number <= most_pieces) {
    long_name_.assign(number * piece_bytes, std::byte{0});
    checksum_ = r.checksum.value();
  } else if (long_name_.empty() || number != next_piece_ || number == 0 || r.checksum.value() != checksum_) {
    long_name_.clear();
    return;
  }
  next_piece_ = number - 1;
  auto at = long_name_.begin() + static_cast<std::ptrdiff_t>(next_piece_ * piece_bytes);
  for (const auto part : {bytes_of(r.text_1), bytes_of(r.text_2), bytes_of(r.text_3)}) at = std::ranges::copy(part, at).out;
}

// Empty where there is none, or where it belongs to another short name: an old system changed this entry and did not know.
std::string fat_directory::long_name(std::uint8_t checksum) const {
  if (long_name_.empty() || next_piece_ != 0 || checksum != checksum_) return {};
  return utf8_of_utf16(long_name_);
}

}  // namespace umbra::fs
