// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs_log.h"

#include "engine/base/units.h"

namespace umbra::fs {
namespace {

// Of one log tree: the first one, whose items are the roots of the others (one for each subvolume), or one of those.
class log_visitor final : public btrfs_visitor {
 public:
  log_visitor(const btrfs_geometry& geometry, btrfs_claims& claims) : geometry_(geometry), claims_(claims) {}

  bool enter(const btrfs_pointer& where) override {
    if (claimed) claimed = claims_.add(where.logical, geometry_.node_size);
    return true;
  }

  result<void> see(const btrfs_key& key, byte_view item) override {
    if (key.type == btrfs_type::root_item) {
      TRY(const auto root, decode_root(btrfs_id::log_tree, item));
      roots.push_back(root);
    }
    if (key.type != btrfs_type::extent_data || item.size() < offsetof(btrfs_disk_file_extent, disk_offset)) return success();
    const auto kind = static_cast<std::uint8_t>(item[offsetof(btrfs_disk_file_extent, kind)]);
    if (kind == btrfs_file_extent_kind::in_line) return success();
    if (item.size() < sizeof(btrfs_disk_file_extent)) return error(errc::decode, "an extent of a file is cut short");
    const auto extent = read_struct<btrfs_disk_file_extent>(item);
    if (extent.disk_offset.value() == 0 || extent.disk_size.value() == 0) return success();  // a hole
    return claims_.add(extent.disk_offset.value(), extent.disk_size.value());
  }

  std::vector<btrfs_pointer> roots;
  result<void> claimed = success();  // of tree blocks

 private:
  const btrfs_geometry& geometry_;
  btrfs_claims& claims_;
};

}  // namespace

result<void> claim_log(btrfs_forest& forest, btrfs_claims& claims) {
  log_visitor top(forest.geometry(), claims);
  CHECK(walk(forest.reader(), *forest.log(), all_keys(), top));
  CHECK(top.claimed);
  for (const auto& root : top.roots) {
    log_visitor one(forest.geometry(), claims);
    CHECK(walk(forest.reader(), root, all_keys(), one));
    CHECK(one.claimed);
  }
  return success();
}

}  // namespace umbra::fs
