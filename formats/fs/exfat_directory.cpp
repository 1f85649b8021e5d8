// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/exfat_directory.h"

#include <algorithm>

#include "engine/base/wire.h"
#include "formats/fs/names.h"

namespace umbra::fs {
namespace {

// Kinds of records; the highest bit says that one is in use.
constexpr unsigned end_of_folder = 0, in_use = 0x80, secondary = 0x40, benign = 0x20;
constexpr unsigned kind_bitmap = 0x81, kind_upcase = 0x82, kind_label = 0x83, kind_file = 0x85, kind_place = 0xc0,
                   kind_name = 0xc1;
constexpr std::uint16_t attribute_directory = 0x10;
constexpr std::uint8_t may_have_clusters = 1, without_chain = 2;
constexpr unsigned longest_label = 11;

struct file_record {
  wire::u8 kind;
  wire::u8 others;  // records of the set behind this one
  wire::u16 checksum;
  wire::u16 attributes;
  wire::u8 rest[26];
};
struct place_record {
  wire::u8 kind;
  wire::u8 flags;
  wire::u8 reserved;
  wire::u8 name_length;
  wire::u16 name_hash;
  wire::u16 reserved_2;
  wire::u64 valid_size;
  wire::u32 reserved_3;
  wire::u32 first;
  wire::u64 size;
};
struct name_record {
  wire::u8 kind;
  wire::u8 flags;
  wire::u8 text[30];
};
struct structure_record {
  wire::u8 kind;
  wire::u8 flags;
  wire::u16 reserved;
  wire::u32 checksum;
  wire::u8 reserved_2[12];
  wire::u32 first;
  wire::u64 size;
};
struct label_record {
  wire::u8 kind;
  wire::u8 length;
  wire::u8 text[22];
  wire::u8 reserved[8];
};
static_assert(sizeof(file_record) == record_size && sizeof(place_record) == record_size && sizeof(name_record) == record_size);
static_assert(sizeof(structure_record) == record_size && sizeof(label_record) == record_size);

std::uint16_t add_to_sum(std::uint16_t sum, byte_view record, bool opens) {
  for (std::size_t i = 0; i < record.size(); ++i) {
    if (opens && (i == 2 || i == 3)) continue;  // the checksum itself
    const unsigned wide = sum;
    sum = static_cast<std::uint16_t>((wide << 15 | wide >> 1) + std::to_integer<unsigned>(record[i]));
  }
  return sum;
}

}  // namespace

void exfat_directory::begin(bool root) {
  root_ = root;
  expected_ = 0;
}

record_parser::outcome exfat_directory::take(byte_view record, tree_entry& out) {
  const auto kind = std::to_integer<unsigned>(record[0]);
  const bool inside = expected_ != 0;
  if ((kind & in_use) != 0 && (kind & secondary) != 0) return inside ? take_secondary(record, out) : outcome::nothing;
  expected_ = 0;
  if (kind == end_of_folder) return inside ? outcome::damage : outcome::end;
  const auto answer = (kind & in_use) != 0 ? take_primary(record, out) : outcome::nothing;
  // A set that broke off is no file to any driver.
  return inside && answer == outcome::nothing ? outcome::damage : answer;
}

record_parser::outcome exfat_directory::take_primary(byte_view record, tree_entry& out) {
  const auto kind = std::to_integer<unsigned>(record[0]);
  if (kind == kind_file) {
    const auto r = read_struct<file_record>(record);
    expected_ = r.others.value();
    set_checksum_ = r.checksum.value();
    sum_ = add_to_sum(0, record, true);
    has_place_ = false;
    name_.clear();
    entry_ = {};
    entry_.kind = (r.attributes.value() & attribute_directory) != 0 ? node_kind::directory : node_kind::file;
    return expected_ == 0 ? outcome::damage : outcome::nothing;
  }
  if (root_ && (kind == kind_bitmap || kind == kind_upcase)) return take_structure(record, out);
  if (root_ && kind == kind_label) {
    const auto r = read_struct<label_record>(record);
    const auto length = std::min<std::size_t>(r.length.value(), longest_label);
    label_ = utf8_of_utf16(bytes_of(r.text).first(2 * length));
    return outcome::nothing;
  }
  if ((kind & benign) == 0) met_unknown_ = true;
  return outcome::nothing;
}

record_parser::outcome exfat_directory::take_structure(byte_view record, tree_entry& out) {
  const auto r = read_struct<structure_record>(record);
  const bool bitmap = r.kind.value() == kind_bitmap;
  if (!bitmap) upcase_checksum_ = r.checksum.value();
  out.kind = node_kind::structure;
  out.name = bitmap ? exfat_bitmap_name : exfat_upcase_name;
  out.first = r.first.value();
  out.size = r.size.value();
  return outcome::entry;
}

record_parser::outcome exfat_directory::take_secondary(byte_view record, tree_entry& out) {
  sum_ = add_to_sum(sum_, record, false);
  --expected_;
  const auto kind = std::to_integer<unsigned>(record[0]);
  if (kind == kind_place && !has_place_) {
    const auto r = read_struct<place_record>(record);
    has_place_ = true;
    name_length_ = r.name_length.value();
    entry_.first = (r.flags.value() & may_have_clusters) != 0 ? r.first.value() : 0;
    entry_.size = r.size.value();
    entry_.contiguous = (r.flags.value() & without_chain) != 0;
  } else if (kind == kind_name) {
    const auto text = read_struct<name_record>(record);
    const auto bytes = bytes_of(text.text);
    name_.insert(name_.end(), bytes.begin(), bytes.end());
  } else if ((kind & benign) == 0) {
    met_unknown_ = true;
  }
  return expected_ == 0 ? finish(out) : outcome::nothing;
}

record_parser::outcome exfat_directory::finish(tree_entry& out) {
  if (!has_place_) return outcome::damage;
  name_.resize(std::min(name_.size(), 2 * name_length_));
  entry_.name = utf8_of_utf16(name_);
  entry_.damaged = sum_ != set_checksum_ || name_.size() != 2 * name_length_;
  out = std::move(entry_);
  return outcome::entry;
}

}  // namespace umbra::fs
