// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "formats/fs/ext_bitmap.h"
#include "formats/fs/ext_files.h"
#include "formats/fs/ext_superblock.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t always_used = 2048;  // the boot code's place and the superblock

std::string size_words(std::uint64_t bytes) {
  const auto mib = static_cast<double>(bytes) / (1 << 20);
  return mib < 1024 ? fmt::format("{:.1f} MiB", mib) : fmt::format("{:.1f} GiB", mib / 1024);
}

plan::allocation whole_volume(const ext_superblock& super, std::uint64_t size, const error& why) {
  plan::allocation all;
  all.used = {{0, size}};
  const auto reason = why.code() == errc::decode ? why.text() : why.message();
  all.notes.push_back(fmt::format("{}, copied whole: {}", generation_of(super), reason));
  return all;
}

void add_files(plan::allocation& map, ext2_filsys fs, io::unaligned_reader& reader, const ext_options& options) {
  auto places = read_file_places(fs, reader, map.used, options.file_extent_limit);
  map.files = std::move(places.extents);
  if (!places.shortened.empty()) map.notes.push_back("not all files could be followed: " + places.shortened);
}

result<plan::allocation> understand(const ext_superblock& super, io::unaligned_reader& reader, const ext_options& options) {
  TRY(const auto geometry, check(super, reader.size()));
  TRY(const auto fs, open_ext(reader));
  TRY(auto blocks, read_used_blocks(fs.get(), reader, options.used_range_limit));
  plan::allocation map;
  map.used = std::move(blocks.bytes);
  map.used.push_back({0, std::min(always_used, reader.size())});
  map.used.push_back({geometry.size(), reader.size() - geometry.size()});
  normalise(map.used);
  map.notes.push_back(
      fmt::format("{}, {} of {} used", generation_of(super), size_words(total_size(map.used)), size_words(reader.size())));
  if (!blocks.shortened.empty()) map.notes.push_back(blocks.shortened);
  if (options.files) add_files(map, fs.get(), reader, options);
  return map;
}

}  // namespace

result<std::optional<plan::allocation>> ext_allocation(io::device& volume, const ext_options& options) {
  io::unaligned_reader reader(volume);
  std::array<std::byte, sizeof(ext_superblock)> bytes;
  if (reader.size() < ext_superblock_offset + bytes.size()) return std::optional<plan::allocation>();
  CHECK(within("superblock", reader.read(ext_superblock_offset, bytes)));
  const auto super = read_struct<ext_superblock>(bytes);
  if (super.magic.value() != ext_magic) return std::optional<plan::allocation>();
  auto map = understand(super, reader, options);
  if (map.has_error()) return std::optional(whole_volume(super, reader.size(), map.error()));
  return std::optional(std::move(map).assume_value());
}

}  // namespace umbra::fs
