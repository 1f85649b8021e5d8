// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs_usage.h"

#include <optional>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/fs/btrfs_claims.h"
#include "formats/fs/btrfs_log.h"

namespace umbra::fs {
namespace {

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

// Adds up extents by chunk, and what block groups say about the same chunks.
class usage_visitor final : public btrfs_visitor {
 public:
  usage_visitor(const btrfs_forest& forest, btrfs_claims& claims)
      : geometry_(forest.geometry()), chunks_(forest.chunks()), claims_(claims), counts_(chunks_.all().size()) {}

  result<void> see(const btrfs_key& key, byte_view item) override {
    switch (key.type) {
      case btrfs_type::extent_item: return add_extent(key.objectid, key.offset, item);
      case btrfs_type::metadata_item:
        if (!geometry_.skinny_metadata || key.offset >= btrfs_max_level) return doubt(fmt::format("extent {}", key.objectid));
        return add_extent(key.objectid, geometry_.node_size, item);
      case btrfs_type::block_group_item: return add_group(key, item);
      case btrfs_type::tree_block_ref:
      case btrfs_type::extent_data_ref:
      case btrfs_type::shared_block_ref:
      case btrfs_type::shared_data_ref: return success();
      default: return doubt(fmt::format("unknown item {} at {}", key.type, key.objectid));
    }
  }

  result<void> check_counts(std::uint64_t bytes_used) const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      const auto at = chunks_.all()[i].logical;
      if (!counts_[i].said) return doubt(fmt::format("chunk {} has no block group", at));
      if (*counts_[i].said != counts_[i].found)
        return doubt(fmt::format("block group {}: its extents and its count of bytes in use differ", at));
      total += counts_[i].found;
    }
    if (total != bytes_used) return doubt("the superblock's count of bytes in use");
    return success();
  }

 private:
  struct count {
    std::uint64_t found = 0;
    std::optional<std::uint64_t> said;
  };

  result<void> add_extent(std::uint64_t logical, std::uint64_t size, byte_view item) {
    if (item.size() < sizeof(btrfs_disk_extent)) return doubt(fmt::format("extent {} is cut short", logical));
    const auto flags = read_struct<btrfs_disk_extent>(item).flags.value();
    const bool is_data = (flags & btrfs_extent_flag::data) != 0;
    const bool is_block = (flags & btrfs_extent_flag::tree_block) != 0;
    if (is_data == is_block || (is_block && size != geometry_.node_size)) return doubt(fmt::format("kind of extent {}", logical));
    if (size == 0 || !is_aligned(logical | size, geometry_.sector_size)) return doubt(fmt::format("size of extent {}", logical));
    if (logical < reach_) return doubt(fmt::format("extent {} overlaps the one before it", logical));
    CHECK(claims_.add(logical, size));
    reach_ = logical + size;
    while (chunks_.all()[at_].end() <= logical) ++at_;
    counts_[at_].found += size;
    return success();
  }

  result<void> add_group(const btrfs_key& key, byte_view item) {
    const auto* chunk = chunks_.find(key.objectid, key.offset);
    if (item.size() < sizeof(btrfs_disk_block_group) || chunk == nullptr || chunk->logical != key.objectid ||
        chunk->size != key.offset)
      return doubt(fmt::format("block group {} is no chunk", key.objectid));
    const auto group = read_struct<btrfs_disk_block_group>(item);
    if (((group.type.value() ^ chunk->type) & btrfs_profile::purposes) != 0)
      return doubt(fmt::format("purpose of block group {}", key.objectid));
    counts_[static_cast<std::size_t>(chunk - chunks_.all().data())].said = group.used.value();
    return success();
  }

  const btrfs_geometry& geometry_;
  const btrfs_chunks& chunks_;
  btrfs_claims& claims_;
  std::vector<count> counts_;  // one a chunk
  std::size_t at_ = 0;         // the chunk of the last extent
  std::uint64_t reach_ = 0;    // end of the last extent
};

result<void> walk_tree(btrfs_forest& forest, std::uint64_t tree, btrfs_visitor& visitor) {
  const auto* root = forest.root(tree);
  if (root == nullptr) return doubt("it is missing");
  return walk(forest.reader(), *root, all_keys(), visitor);
}

}  // namespace

result<btrfs_usage> read_usage(btrfs_forest& forest, const btrfs_superblock& super, std::size_t range_limit) {
  btrfs_claims claims(forest.chunks(), range_limit);
  usage_visitor visitor(forest, claims);
  CHECK(within("extent tree", walk_tree(forest, btrfs_id::extent_tree, visitor)));
  if (forest.geometry().block_group_tree)
    CHECK(within("block group tree", walk_tree(forest, btrfs_id::block_group_tree, visitor)));
  CHECK(visitor.check_counts(super.bytes_used.value()));
  if (forest.log() != nullptr) CHECK(within("log", claim_log(forest, claims)));
  btrfs_usage usage;
  usage.places = claims.take();
  if (claims.is_coarse())
    usage.shortened = fmt::format("its free space is in more than {} pieces: some of it counts as used", range_limit);
  return usage;
}

}  // namespace umbra::fs
