// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/xfs.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "formats/fs/xfs_files.h"
#include "formats/fs/xfs_find.h"
#include "formats/fs/xfs_groups.h"
#include "formats/fs/xfs_log.h"
#include "formats/fs/xfs_owners.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t largest_sector = 32 << 10;

class xfs_volume final : public plan::formatted_volume {
 public:
  xfs_volume(io::device& volume, std::vector<std::byte> super) : reader_(volume), super_(std::move(super)) {}

  plan::volume_facts facts() const override { return facts_of(read_struct<xfs_superblock>(super_)); }

  result<plan::allocation> used_blocks(const plan::scan_options& options) override {
    auto map = understand(options);
    if (map) return map;
    const auto& why = map.error();
    const auto reason = why.code() == errc::decode ? why.text() : why.message();
    return plan::whole_volume(reader_.size(), fmt::format("XFS, copied whole: {}", reason));
  }

  result<std::vector<plan::file_data>> find_files(const plan::path_patterns& patterns) override {
    return within("XFS", find(patterns));
  }

  result<std::vector<plan::range_owner>> owners(const range_list& where) override {
    const auto geometry = check();
    if (geometry.has_error()) return plan::nobody_knows(where);
    return find_xfs_owners(geometry.value(), reader_, where);
  }

 private:
  result<xfs_geometry> check() {
    TRY(const auto geometry, check_xfs(super_, reader_.size()));
    CHECK(check_xfs_log(geometry, super_, reader_));
    return geometry;
  }

  result<plan::allocation> understand(const plan::scan_options& options) {
    TRY(const auto geometry, check());
    TRY(auto space, read_used_space(geometry, reader_, options.used_range_limit));
    plan::allocation map;
    map.used = std::move(space.used);
    map.used.push_back({geometry.size(), reader_.size() - geometry.size()});
    normalise(map.used);
    map.notes.push_back(plan::use_note("XFS", total_size(map.used), reader_.size()));
    if (!space.shortened.empty()) map.notes.push_back(space.shortened);
    if (options.files) add_files(map, geometry, options.file_extent_limit);
    if (geometry.realtime) map.notes.push_back("the data of its realtime files lie on another device");
    return map;
  }

  void add_files(plan::allocation& map, const xfs_geometry& geometry, std::size_t limit) {
    auto places = read_xfs_files(geometry, reader_, map.used, limit);
    map.files = std::move(places.extents);
    if (!places.shortened.empty()) map.notes.push_back("not all files could be followed: " + places.shortened);
  }

  result<std::vector<plan::file_data>> find(const plan::path_patterns& patterns) {
    TRY(const auto geometry, check());
    TRY(const auto space, read_used_space(geometry, reader_, plan::scan_options{}.used_range_limit));
    return find_xfs_files(geometry, reader_, patterns, space.used);
  }

  io::unaligned_reader reader_;
  const std::vector<std::byte> super_;  // the first sector, as large as it says
};

}  // namespace

result<plan::volume_ptr> recognise_xfs(io::device& volume) {
  io::unaligned_reader reader(volume);
  std::vector<std::byte> super(512);
  if (reader.size() < super.size()) return plan::volume_ptr();
  CHECK(within("superblock", reader.read(0, super)));
  const auto fixed = read_struct<xfs_superblock>(super);
  if (fixed.magic.value() != xfs_magic) return plan::volume_ptr();
  const std::uint64_t claimed = fixed.sector_size.value();
  if (claimed > super.size() && claimed <= std::min(largest_sector, reader.size())) {
    super.resize(claimed);
    CHECK(within("superblock", reader.read(0, super)));
  }
  return plan::volume_ptr(std::make_unique<xfs_volume>(volume, std::move(super)));
}

}  // namespace umbra::fs
