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

plan::allocation in_doubt(const ext_superblock& super, std::uint64_t size, const error& why) {
  const auto reason = why.code() == errc::decode ? why.text() : why.message();
  return plan::whole_volume(size, fmt::format("{}, copied whole: {}", generation_of(super), reason));
}

void add_files(plan::allocation& map, ext2_filsys fs, io::unaligned_reader& reader, const plan::scan_options& options) {
  auto places = read_file_places(fs, reader, map.used, options.file_extent_limit);
  map.files = std::move(places.extents);
  if (!places.shortened.empty()) map.notes.push_back("not all files could be followed: " + places.shortened);
}

result<plan::allocation> understand(const ext_superblock& super, io::unaligned_reader& reader,
                                    const plan::scan_options& options) {
  TRY(const auto geometry, check(super, reader.size()));
  TRY(const auto fs, open_ext(reader));
  TRY(auto blocks, read_used_blocks(fs.get(), reader, options.used_range_limit));
  plan::allocation map;
  map.used = std::move(blocks.bytes);
  map.used.push_back({0, std::min(always_used, reader.size())});
  map.used.push_back({geometry.size(), reader.size() - geometry.size()});
  normalise(map.used);
  map.notes.push_back(plan::use_note(generation_of(super), total_size(map.used), reader.size()));
  if (!blocks.shortened.empty()) map.notes.push_back(blocks.shortened);
  if (options.files) add_files(map, fs.get(), reader, options);
  return map;
}

class ext_volume final : public plan::formatted_volume {
 public:
  ext_volume(io::device& volume, const ext_superblock& super) : reader_(volume), super_(super) {}

  plan::volume_facts facts() const override { return facts_of(super_); }

  result<plan::allocation> used_blocks(const plan::scan_options& options) override {
    auto map = understand(super_, reader_, options);
    if (map.has_error()) return in_doubt(super_, reader_.size(), map.error());
    return map;
  }

  result<std::vector<plan::file_data>> find_files(const plan::path_patterns&) override {
    return error(errc::unsupported, fmt::format("{}: files are not looked up", generation_of(super_)));
  }

  result<std::vector<plan::range_owner>> owners(const range_list& where) override { return plan::nobody_knows(where); }

 private:
  io::unaligned_reader reader_;
  const ext_superblock super_;
};

}  // namespace

result<plan::volume_ptr> recognise_ext(io::device& volume) {
  io::unaligned_reader reader(volume);
  std::array<std::byte, sizeof(ext_superblock)> bytes;
  if (reader.size() < ext_superblock_offset + bytes.size()) return plan::volume_ptr();
  CHECK(within("superblock", reader.read(ext_superblock_offset, bytes)));
  const auto super = read_struct<ext_superblock>(bytes);
  if (super.magic.value() != ext_magic) return plan::volume_ptr();
  return plan::volume_ptr(std::make_unique<ext_volume>(volume, super));
}

}  // namespace umbra::fs
