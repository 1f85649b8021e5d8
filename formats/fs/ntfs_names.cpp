// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ntfs_names.h"

#include <algorithm>

#include "engine/base/units.h"
#include "formats/fs/names.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t most_memory = 128_MiB;
constexpr std::size_t deepest = 1024;
constexpr std::size_t longest_path = 128 << 10;  // 32767 units of UTF-16 are at most 96 KiB of UTF-8

result<std::optional<ntfs_name>> name_of(const ntfs_attribute& attribute) {
  TRY(const auto value, attribute.value());
  if (value.size() < sizeof(ntfs_file_name)) return error(errc::decode, "a name is cut short");
  const auto fixed = read_struct<ntfs_file_name>(value);
  const std::size_t size = 2 * fixed.name_length.value();
  if (!fits(sizeof(ntfs_file_name), size, value.size())) return error(errc::decode, "a name is cut short");
  if (fixed.name_space.value() == ntfs_dos_name) return std::optional<ntfs_name>();
  const auto units = value.subspan(sizeof(ntfs_file_name), size);
  for (std::size_t i = 0; i < size; i += 2) {
    const auto unit = read_struct<wire::u16>(units.subspan(i)).value();
    if (unit == 0 || unit == '/') return std::optional<ntfs_name>();
  }
  if (size == 0) return std::optional<ntfs_name>();
  ntfs_name n;
  n.parent = fixed.parent.value();
  n.name = utf8_of_utf16(units);
  n.of_directory = (fixed.attributes.value() & ntfs_name_of_directory) != 0;
  return std::optional(std::move(n));
}

}  // namespace

result<std::vector<ntfs_name>> names_in(const ntfs_record& record) {
  std::vector<ntfs_name> names;
  std::size_t position = 0;
  while (true) {
    TRY(const auto attribute, record.next(position));
    if (!attribute) return names;
    if (!attribute->is(ntfs_attribute_type::file_name)) continue;
    TRY(auto name, name_of(*attribute));
    if (name) names.push_back(std::move(*name));
  }
}

result<ntfs_directories> ntfs_directories::read(const ntfs_mft& mft, ntfs_mft::on_damage damage) {
  ntfs_directories all;
  bool too_many = false;
  const auto walked = mft.walk(damage, [&](const ntfs_record& record) -> result<void> {
    if (too_many) return success();
    CHECK(all.add(record));
    too_many = all.list_.size() * sizeof(directory) + all.names_.size() > most_memory;
    return success();
  });
  CHECK(walked);
  if (too_many) return error(errc::unsupported, "NTFS: too many directories");
  std::ranges::stable_sort(all.list_, {}, &directory::number);
  return all;
}

// A directory has one name; where its record is full, that stands in another record.
result<void> ntfs_directories::add(const ntfs_record& record) {
  const bool own = record.is_base() && record.directory();
  if (record.is_base() && !own) return success();
  TRY(const auto names, names_in(record));
  for (const auto& n : names) {
    if (!own && !n.of_directory) continue;
    list_.push_back({record.file(), n.parent, static_cast<std::uint32_t>(names_.size()),
                     static_cast<std::uint16_t>(n.name.size()), record.file_sequence()});
    names_ += n.name;
    break;
  }
  return success();
}

const ntfs_directories::directory* ntfs_directories::find(std::uint64_t number) const {
  const auto found = std::ranges::lower_bound(list_, number, {}, &directory::number);
  return found != list_.end() && found->number == number ? &*found : nullptr;
}

std::optional<std::string> ntfs_directories::path_of(const ntfs_name& name) const {
  const auto* parent = find(ntfs_number_of(name.parent));
  if (parent == nullptr || parent->sequence != ntfs_sequence_of(name.parent)) return std::nullopt;
  return join(parent, name.name);
}

std::optional<std::string> ntfs_directories::path_of_directory(std::uint64_t number) const {
  const auto* self = find(number);
  if (self == nullptr) return std::nullopt;
  if (is_root(*self)) return "/";
  return join(self, {});
}

// Upwards from `at`; `name`, if any, stands at the path's end.
std::optional<std::string> ntfs_directories::join(const directory* at, std::string_view name) const {
  std::vector<std::string_view> parts;
  if (!name.empty()) parts.push_back(name);
  std::size_t size = name.size();
  while (!is_root(*at)) {
    parts.push_back(std::string_view(names_).substr(at->name_offset, at->name_size));
    size += at->name_size;
    const auto* up = find(ntfs_number_of(at->parent));
    if (up == nullptr || up->sequence != ntfs_sequence_of(at->parent) || parts.size() > deepest || size > longest_path)
      return std::nullopt;
    at = up;
  }
  std::string path;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) path.append("/").append(*part);
  return path;
}

}  // namespace umbra::fs
