// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs_files.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/fs/file_extents.h"

namespace umbra::fs {
namespace {

// Tree blocks that are remembered so that snapshots do not show their common ones again: some 40 MiB.
constexpr std::size_t seen_limit = 1 << 20;

// Gathers extents of all subvolumes, one after the other.
class place_visitor final : public btrfs_visitor {
 public:
  place_visitor(const btrfs_forest& forest, std::size_t limit)
      : chunks_(forest.chunks()), limit_(limit), shared_(forest.file_trees().size() > 1) {}

  bool enter(const btrfs_pointer& where) override {
    if (is_full()) return false;
    return !shared_ || seen_.insert(where.logical).second;
  }

  result<void> see(const btrfs_key& key, byte_view item) override {
    if (key.type == btrfs_type::inode_item) {
      begin(key.objectid);
      if (item.size() < sizeof(btrfs_disk_inode)) return success();
      const auto inode = read_struct<btrfs_disk_inode>(item);
      const bool is_file = (inode.mode.value() & btrfs_mode_kind) == btrfs_mode_file;
      size_ = is_file ? inode.size.value() : 0;
    } else if (key.type == btrfs_type::extent_data && !is_full()) {
      if (key.objectid != inode_) begin(key.objectid);
      add(key.offset, item);
    }
    return success();
  }

  bool is_full() const { return extents_.size() >= limit_ || seen_.size() >= seen_limit; }

  std::vector<plan::file_extent> take() {
    flush();
    return std::move(extents_);
  }

 private:
  // The inode may stand in a block that another snapshot showed before: then its size is not known.
  void begin(std::uint64_t inode) {
    flush();
    inode_ = inode;
    size_.reset();
  }

  void add(std::uint64_t file_offset, byte_view item) {
    btrfs_disk_file_extent e;
    if (!decode_file_extent(item, e) || e.kind.value() != btrfs_file_extent_kind::regular || e.compression.value() != 0) return;
    const auto file_end = checked_add(file_offset, e.size.value());
    if (!file_end || size_.value_or(*file_end) < plan::file_extent_minimum) return;
    const auto logical = e.disk_offset.value() + e.offset.value();
    const auto* chunk = chunks_.find(logical, e.size.value());
    if (chunk == nullptr) return;
    for (std::uint8_t copy = 0; copy < chunk->copies; ++copy)
      extend(runs_[copy], {chunk->places[copy] + (logical - chunk->logical), e.size.value(), file_offset});
  }

  void extend(plan::file_extent& run, const plan::file_extent& piece) {
    if (run.size != 0 && run.end() == piece.offset && run.file_offset + run.size == piece.file_offset) {
      run.size += piece.size;
      return;
    }
    if (run.size != 0) extents_.push_back(run);
    run = piece;
  }

  void flush() {
    for (auto& run : runs_) {
      if (run.size != 0) extents_.push_back(run);
      run = {};
    }
  }

  const btrfs_chunks& chunks_;
  const std::size_t limit_;
  const bool shared_;
  std::unordered_set<std::uint64_t> seen_;
  std::uint64_t inode_ = 0;
  std::optional<std::uint64_t> size_;        // of the inode
  std::array<plan::file_extent, 2> runs_{};  // of the inode, one a copy; not yet in extents_
  std::vector<plan::file_extent> extents_;
};

}  // namespace

bool decode_file_extent(byte_view item, btrfs_disk_file_extent& extent) {
  if (item.size() < sizeof(extent)) return false;
  extent = read_struct<btrfs_disk_file_extent>(item);
  if (extent.kind.value() != btrfs_file_extent_kind::regular && extent.kind.value() != btrfs_file_extent_kind::preallocated)
    return false;
  if (extent.disk_offset.value() == 0 || extent.encryption.value() != 0 || extent.encoding.value() != 0) return false;
  if (!checked_add(extent.disk_offset.value(), extent.disk_size.value())) return false;
  return extent.compression.value() != 0 || fits(extent.offset.value(), extent.size.value(), extent.disk_size.value());
}

btrfs_places read_btrfs_places(btrfs_forest& forest, const range_list& used, std::size_t limit) {
  place_visitor visitor(forest, limit);
  btrfs_places places;
  for (const auto tree : forest.file_trees()) {
    const auto walked = walk(forest.reader(), *forest.root(tree), all_keys(), visitor);
    if (walked.has_error()) places.shortened = fmt::format("tree {}: {}", tree, walked.error().message());
  }
  if (visitor.is_full()) places.shortened = "too many pieces";
  places.extents = tidy_file_extents(visitor.take(), used);
  if (places.extents.size() > limit) places.extents.resize(limit);
  return places;
}

}  // namespace umbra::fs
