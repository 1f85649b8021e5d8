// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/fs/btrfs_files.h"
#include "formats/fs/btrfs_find.h"
#include "formats/fs/btrfs_owners.h"
#include "formats/fs/btrfs_usage.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t reserved_size = 1 << 20;  // no chunk begins there; it holds boot loaders and the superblock

plan::allocation in_doubt(std::uint64_t size, const error& why) {
  const auto reason = why.code() == errc::decode ? why.text() : why.message();
  return plan::whole_volume(size, fmt::format("Btrfs, copied whole: {}", reason));
}

// What belongs to no chunk: the beginning, the superblock's copies, and what lies behind the end.
void add_fixed_places(range_list& used, const btrfs_geometry& geometry, std::uint64_t volume_size) {
  used.push_back({0, std::min(reserved_size, volume_size)});
  for (const auto offset : btrfs_mirror_offsets)
    if (fits(offset, sizeof(btrfs_superblock), volume_size)) used.push_back({offset, sizeof(btrfs_superblock)});
  used.push_back({geometry.device_size, volume_size - geometry.device_size});
  normalise(used);
}

void add_files(plan::allocation& map, btrfs_forest& forest, const plan::scan_options& options) {
  auto places = read_btrfs_places(forest, map.used, options.file_extent_limit);
  map.files = std::move(places.extents);
  if (!places.shortened.empty()) map.notes.push_back("not all files could be followed: " + places.shortened);
}

result<plan::allocation> understand(const btrfs_superblock& super, io::unaligned_reader& reader,
                                    const plan::scan_options& options) {
  TRY(const auto forest, btrfs_forest::open(reader, super));
  TRY(auto usage, read_usage(*forest, super, options.used_range_limit));
  plan::allocation map;
  map.used = std::move(usage.places);
  add_fixed_places(map.used, forest->geometry(), reader.size());
  map.notes.push_back(plan::use_note("Btrfs", total_size(map.used), reader.size()));
  if (!usage.shortened.empty()) map.notes.push_back(usage.shortened);
  if (options.files) add_files(map, *forest, options);
  if (forest->log() != nullptr) map.notes.push_back("it has a log of what was fsynced since its last commit");
  return map;
}

class btrfs_volume final : public plan::formatted_volume {
 public:
  btrfs_volume(io::device& volume, const btrfs_superblock& super) : reader_(volume), super_(super) {}

  plan::volume_facts facts() const override { return facts_of(super_); }

  result<plan::allocation> used_blocks(const plan::scan_options& options) override {
    auto map = understand(super_, reader_, options);
    if (map.has_error()) return in_doubt(reader_.size(), map.error());
    return map;
  }

  result<std::vector<plan::file_data>> find_files(const plan::path_patterns& patterns) override {
    TRY(const auto forest, btrfs_forest::open(reader_, super_));
    return find_btrfs_files(*forest, patterns);
  }

  result<std::vector<plan::range_owner>> owners(const range_list& where) override {
    const auto forest = btrfs_forest::open(reader_, super_);
    if (forest.has_error()) return plan::nobody_knows(where);
    return btrfs_owners(*forest.value(), reader_.size(), where);
  }

 private:
  io::unaligned_reader reader_;
  const btrfs_superblock super_;
};

}  // namespace

result<plan::volume_ptr> recognise_btrfs(io::device& volume) {
  io::unaligned_reader reader(volume);
  std::array<std::byte, sizeof(btrfs_superblock)> bytes;
  if (reader.size() < btrfs_superblock_offset + bytes.size()) return plan::volume_ptr();
  CHECK(within("superblock", reader.read(btrfs_superblock_offset, bytes)));
  const auto super = read_struct<btrfs_superblock>(bytes);
  if (super.magic.value() != btrfs_magic) return plan::volume_ptr();
  return plan::volume_ptr(std::make_unique<btrfs_volume>(volume, super));
}

}  // namespace umbra::fs
