// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs_forest.h"

#include <algorithm>

#include <fmt/format.h>

namespace umbra::fs {
namespace {

// Far more than anybody has: they bound memory on a volume that is full of them.
constexpr std::size_t chunk_limit = 1 << 18;
constexpr std::size_t root_limit = 1 << 17;

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

class chunk_visitor final : public btrfs_visitor {
 public:
  explicit chunk_visitor(const btrfs_geometry& geometry) : geometry_(geometry) {}

  result<void> see(const btrfs_key& key, byte_view item) override {
    if (key.type != btrfs_type::chunk_item) return success();
    if (key.objectid != btrfs_id::first_chunk_tree) return doubt("a chunk of another tree");
    if (chunks.size() == chunk_limit) return doubt("too many chunks");
    TRY(const auto chunk, decode_chunk(key.offset, item, geometry_));
    chunks.push_back(chunk);
    return success();
  }

  std::vector<btrfs_chunk> chunks;

 private:
  const btrfs_geometry& geometry_;
};

}  // namespace

class btrfs_root_visitor final : public btrfs_visitor {
 public:
  btrfs_root_visitor(btrfs_forest& forest, std::uint64_t directory) : forest_(forest), directory_(directory) {}

  result<void> see(const btrfs_key& key, byte_view item) override {
    if (forest_.roots_.size() + forest_.links_.size() > root_limit) return doubt("too many trees");
    if (key.type == btrfs_type::root_item && key.objectid != btrfs_id::reloc_tree) return add_root(key, item);
    if (key.type == btrfs_type::root_ref) return add_link(key, item);
    if (key.type == btrfs_type::dir_item && key.objectid == directory_) take_default(item);
    return success();
  }

 private:
  result<void> add_root(const btrfs_key& key, byte_view item) {
    TRY(auto root, decode_root(key.objectid, item));
    if (!forest_.roots_.empty() && forest_.roots_.back().tree == root.tree)
      return doubt(fmt::format("tree {} begins in two places", key.objectid));
    forest_.roots_.push_back(root);
    const auto disk = read_struct<btrfs_disk_root>(item);
    const bool deleted = disk.references.value() == 0;
    if (is_file_tree(root.tree) && !deleted) forest_.file_trees_.push_back(root.tree);
    if ((disk.flags.value() & btrfs_root_read_only) != 0) forest_.read_only_.push_back(root.tree);
    return success();
  }

  result<void> add_link(const btrfs_key& key, byte_view item) {
    if (item.size() < sizeof(btrfs_disk_root_ref)) return doubt("the name of a subvolume is cut short");
    const auto head = read_struct<btrfs_disk_root_ref>(item);
    const auto name = item.subspan(sizeof(head));
    if (name.empty() || name.size() != head.name_length.value()) return doubt("the length of a subvolume's name");
    forest_.links_.push_back({key.objectid, head.directory.value(), key.offset, std::string(as_text(name))});
    return success();
  }

  // An entry "default" in the root tree's own folder.
  void take_default(byte_view item) {
    if (item.size() < sizeof(btrfs_disk_dir_item)) return;
    const auto head = read_struct<btrfs_disk_dir_item>(item);
    const auto name = as_text(item.subspan(sizeof(head)));
    if (name.substr(0, head.name_length.value()) == "default") forest_.default_tree_ = head.location.objectid.value();
  }

  btrfs_forest& forest_;
  const std::uint64_t directory_;
};

result<btrfs_pointer> decode_root(std::uint64_t tree, byte_view item) {
  if (item.size() < sizeof(btrfs_disk_root)) return doubt(fmt::format("the root of tree {} is cut short", tree));
  const auto disk = read_struct<btrfs_disk_root>(item);
  if (disk.level.value() >= btrfs_max_level) return doubt(fmt::format("the level of tree {}", tree));
  btrfs_pointer root;
  root.logical = disk.logical.value();
  root.generation = disk.generation.value();
  root.level = disk.level.value();
  root.tree = tree;
  return root;
}

result<std::unique_ptr<btrfs_forest>> btrfs_forest::open(io::unaligned_reader& volume, const btrfs_superblock& super) {
  TRY(const auto geometry, check(super, volume));
  std::unique_ptr<btrfs_forest> forest(new btrfs_forest(volume, geometry));
  CHECK(within("chunk tree", forest->read_chunks(super)));
  CHECK(within("root tree", forest->read_roots(super)));
  if (super.log_root.value() != 0) {
    // Written after the commit, as part of the next one.
    forest->log_ = {super.log_root.value(), geometry.generation + 1, super.log_root_level.value(), btrfs_id::log_tree, {}, {}};
  }
  return forest;
}

// The superblock holds enough of the chunks to read the chunk tree, which holds them all.
result<void> btrfs_forest::read_chunks(const btrfs_superblock& super) {
  TRY(const auto first, system_chunks(super, geometry()));
  TRY(auto few, btrfs_chunks::make(first));
  reader_.use_chunks(std::move(few));
  const btrfs_pointer root{super.chunk_root.value(),
                           super.chunk_root_generation.value(),
                           super.chunk_root_level.value(),
                           btrfs_id::chunk_tree,
                           {},
                           {}};
  chunk_visitor visitor(geometry());
  CHECK(walk(reader_, root, all_keys(), visitor));
  TRY(auto all, btrfs_chunks::make(std::move(visitor.chunks)));
  for (const auto& c : first) {
    const auto* same = all.find(c.logical, c.size);
    if (same == nullptr || *same != c) return doubt("the superblock's chunks differ");
  }
  reader_.use_chunks(std::move(all));
  roots_.push_back(root);
  return success();
}

result<void> btrfs_forest::read_roots(const btrfs_superblock& super) {
  const btrfs_pointer root{super.root.value(), super.generation.value(), super.root_level.value(), btrfs_id::root_tree, {}, {}};
  btrfs_root_visitor visitor(*this, super.root_directory.value());
  CHECK(walk(reader_, root, all_keys(), visitor));
  roots_.push_back(root);
  std::ranges::sort(roots_, {}, &btrfs_pointer::tree);
  std::ranges::sort(links_, {}, &btrfs_link::child);
  if (std::ranges::adjacent_find(roots_, {}, &btrfs_pointer::tree) != roots_.end()) return doubt("a tree begins in two places");
  if (std::ranges::adjacent_find(links_, {}, &btrfs_link::child) != links_.end()) return doubt("a subvolume hangs in two places");
  return success();
}

const btrfs_pointer* btrfs_forest::root(std::uint64_t tree) const {
  const auto r = std::ranges::lower_bound(roots_, tree, {}, &btrfs_pointer::tree);
  return r != roots_.end() && r->tree == tree ? &*r : nullptr;
}

// The root tree is walked in ascending order, so the list is sorted.
bool btrfs_forest::is_read_only(std::uint64_t tree) const { return std::ranges::binary_search(read_only_, tree); }

const btrfs_link* btrfs_forest::link_of(std::uint64_t child) const {
  const auto l = std::ranges::lower_bound(links_, child, {}, &btrfs_link::child);
  return l != links_.end() && l->child == child ? &*l : nullptr;
}

}  // namespace umbra::fs
