// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/lvm_label.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "engine/base/units.h"
#include "engine/base/wire.h"
#include "formats/fs/lvm_text.h"

namespace umbra::fs {
namespace {

using namespace std::literals;

constexpr std::uint64_t sector_size = 512;
constexpr unsigned label_sectors = 4;
constexpr std::size_t id_size = 32;

struct label_header {
  char magic[8];  // "LABELONE"
  wire::u64 sector;
  wire::u32 checksum;  // of the rest of the sector
  wire::u32 content;   // offset of what follows
  char type[8];        // "LVM2 001"
};
static_assert(sizeof(label_header) == 32);
constexpr std::size_t label_summed = offsetof(label_header, content);

struct place {
  wire::u64 offset;
  wire::u64 size;
};
struct volume_header {
  char id[id_size];
  wire::u64 size;
};
static_assert(sizeof(volume_header) == 40 && sizeof(place) == 16);

struct text_place {
  wire::u64 offset;  // within the area
  wire::u64 size;
  wire::u32 checksum;
  wire::u32 flags;
};
struct area_header {
  wire::u32 checksum;  // of the rest of the sector
  char magic[16];
  wire::u32 version;
  wire::u64 offset;  // of the area itself
  wire::u64 size;
  text_place texts[4];  // what counts; what will count; the end
  wire::u8 rest[376];
};
static_assert(sizeof(area_header) == sector_size);
static_assert(offsetof(area_header, texts) == 40);

constexpr auto area_magic = " LVM2 x[5A%r0N*>"sv;
constexpr std::uint32_t area_version = 1;
constexpr std::uint32_t flag_ignored = 1;

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

// CRC-32 of the usual polynomial, begun with a number of LVM's own and not inverted at the end.
std::uint32_t lvm_checksum(byte_view bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> t{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      auto c = i;
      for (int bit = 0; bit < 8; ++bit) c = c >> 1 ^ ((c & 1) != 0 ? 0xedb88320 : 0);
      t[i] = c;
    }
    return t;
  }();
  std::uint32_t crc = 0xf597a6cf;
  for (const auto b : bytes) crc = crc >> 8 ^ table[(crc ^ std::to_integer<std::uint32_t>(b)) & 0xff];
  return crc;
}

std::string id_text(std::string_view id) {
  constexpr std::size_t groups[] = {6, 4, 4, 4, 4, 4, 6};
  std::string text;
  for (const auto size : groups) {
    if (!text.empty()) text += '-';
    text += id.substr(0, size);
    id.remove_prefix(size);
  }
  return text;
}

// A list of places, ended by an empty one. Moves `rest` behind it.
result<std::vector<range>> take_places(byte_view& rest, std::uint64_t volume_size) {
  std::vector<range> list;
  while (rest.size() >= sizeof(place)) {
    const auto p = read_struct<place>(rest);
    rest = rest.subspan(sizeof(place));
    const range r{p.offset.value(), p.size.value()};
    if (r.offset == 0) return list;
    if (!fits(r.offset, r.size, volume_size)) return doubt("an area lies outside the volume");
    list.push_back(r);
  }
  return doubt("a list of areas has no end");
}

using sector = std::array<std::byte, sector_size>;

// Nothing if no sector begins like a label; the number of the first that does, and its bytes.
result<std::optional<unsigned>> find_label(io::unaligned_reader& reader, sector& bytes) {
  for (unsigned n = 0; n < label_sectors && (n + 1) * sector_size <= reader.size(); ++n) {
    CHECK(within("LVM label", reader.read(n * sector_size, bytes)));
    if (as_text(bytes).starts_with("LABELONE")) return std::optional(n);
  }
  return std::optional<unsigned>();
}

// The text may go on at the area's beginning, behind the header.
result<std::string> read_circular(io::unaligned_reader& reader, range area, const text_place& where) {
  const auto offset = where.offset.value();
  const auto size = where.size.value();
  if (size > lvm_text_limit) return doubt("its metadata are too long");
  if (offset < sector_size || offset >= area.size || size > area.size - sector_size) return doubt("place of its metadata");
  std::string text(static_cast<std::size_t>(size), '\0');
  const auto bytes = byte_span(reinterpret_cast<std::byte*>(text.data()), text.size());
  const auto straight = static_cast<std::size_t>(std::min(size, area.size - offset));
  CHECK(within("metadata", reader.read(area.offset + offset, bytes.first(straight))));
  CHECK(within("metadata", reader.read(area.offset + sector_size, bytes.subspan(straight))));
  if (lvm_checksum(bytes) != where.checksum.value()) return doubt("checksum of its metadata");
  return text;
}

// Nothing if the area does not count.
result<std::optional<std::string>> read_area(io::unaligned_reader& reader, range area) {
  if (area.size < 2 * sector_size) return doubt("an area for metadata is too small");
  sector bytes;
  CHECK(within("metadata area", reader.read(area.offset, bytes)));
  const auto header = read_struct<area_header>(bytes);
  if (lvm_checksum(byte_view(bytes).subspan(4)) != header.checksum.value()) return doubt("checksum of a metadata area");
  if (std::string_view(header.magic, sizeof(header.magic)) != area_magic || header.version.value() != area_version ||
      header.offset.value() != area.offset || header.size.value() != area.size) {
    return doubt("an unknown metadata area");
  }
  const auto& now = header.texts[0];
  if ((now.flags.value() & flag_ignored) != 0) return std::optional<std::string>();
  if (header.texts[1].offset.value() != 0) return doubt("its metadata are being changed");
  if (now.offset.value() == 0) return std::optional(std::string());
  TRY(auto text, read_circular(reader, area, now));
  return std::optional(std::move(text));
}

}  // namespace

result<bool> has_lvm_label(io::unaligned_reader& reader) {
  sector bytes;
  TRY(const auto found, find_label(reader, bytes));
  return found.has_value();
}

result<lvm_label> read_lvm_label(io::unaligned_reader& reader) {
  sector bytes;
  TRY(const auto number, find_label(reader, bytes));
  if (!number) return error(errc::bad_magic, "no LVM label");
  const auto header = read_struct<label_header>(bytes);
  if (std::string_view(header.type, sizeof(header.type)) != "LVM2 001") return doubt("an unknown kind of label");
  if (header.sector.value() != *number) return doubt("its label belongs elsewhere");
  if (lvm_checksum(byte_view(bytes).subspan(label_summed)) != header.checksum.value()) return doubt("checksum of its label");
  const auto content = header.content.value();
  if (content < sizeof(label_header) || content > sector_size - sizeof(volume_header)) return doubt("its label");
  auto rest = byte_view(bytes).subspan(content);
  const auto volume = read_struct<volume_header>(rest);
  rest = rest.subspan(sizeof(volume_header));
  lvm_label label;
  label.id = id_text({volume.id, sizeof(volume.id)});
  label.size = volume.size.value();
  if (label.size > reader.size()) return doubt("it is larger than its volume");
  TRY(const auto data, take_places(rest, reader.size()));
  if (data.size() != 1) return doubt("number of its data areas");
  label.data_offset = data.front().offset;
  TRY(label.text_areas, take_places(rest, reader.size()));
  return label;
}

result<std::string> read_lvm_text(io::unaligned_reader& reader, const lvm_label& label) {
  std::optional<std::string> text;
  for (const auto& area : label.text_areas) {
    TRY(auto one, read_area(reader, area));
    if (one && text && *one != *text) return doubt("its metadata areas differ");
    if (one) text = std::move(one);
  }
  if (!text) return doubt("its metadata lie on other volumes");
  return std::move(*text);
}

}  // namespace umbra::fs
