// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/xfs_owners.h"

#include <algorithm>
#include <unordered_map>

#include "formats/fs/xfs_folders.h"
#include "formats/fs/xfs_groups.h"

namespace umbra::fs {
namespace {

using plan::owner_kind;

constexpr std::size_t most_pieces = 1 << 20;

// A range of somebody; files and folders by inode until their names are known.
struct piece {
  range where;
  owner_kind kind = owner_kind::unknown;
  const char* word = "";
  std::uint64_t inode = 0;
};

class owner_search {
 public:
  owner_search(const xfs_geometry& g, io::unaligned_reader& reader, const range_list& where)
      : geometry_(g), reader_(reader), where_(where), forks_(g, reader) {}

  std::vector<plan::range_owner> run() {
    add({geometry_.log, owner_kind::journal, "log"});
    for (std::uint32_t group = 0; group < geometry_.ag_count; ++group) {
      add({{geometry_.place_of(group, 0), geometry_.head_blocks() * geometry_.block_size}, owner_kind::metadata, "group heads"});
      const auto outcome = add_group(group);
      (void)outcome;  // what could not be read stays unknown
    }
    find_names();
    return tell();
  }

 private:
  void add(const piece& p) {
    auto at = std::ranges::upper_bound(where_, p.where.offset, {}, &range::end);
    for (; at != where_.end() && at->offset < p.where.end(); ++at) {
      const auto begin = std::max(at->offset, p.where.offset);
      const auto end = std::min(at->end(), p.where.end());
      if (pieces_.size() >= most_pieces) return;  // the rest stays unknown
      if (begin >= end) continue;
      auto part = p;
      part.where = {begin, end - begin};
      pieces_.push_back(part);
      if (p.inode != 0) names_.try_emplace(p.inode);
    }
  }

  // The trees that may be damaged come one after the other, so that one is no harm to the others.
  result<void> add_group(std::uint32_t number) {
    TRY(const auto group, read_group(geometry_, reader_, number));
    const auto& s = group.space;
    const auto& i = group.inodes;
    const auto ignore = [](byte_view) -> result<void> { return success(); };
    add_tree(free_space_tree(geometry_, number), s.roots[0].value(), s.levels[0].value(),
             [&](byte_view records) { return add_free(number, records); });
    add_tree(free_size_tree(geometry_, number), s.roots[1].value(), s.levels[1].value(), ignore);
    if (geometry_.owner_tree) add_tree(owner_tree(geometry_, number), s.roots[2].value(), s.levels[2].value(), ignore);
    if (geometry_.sharing) add_tree(sharing_tree(geometry_, number), s.sharing_root.value(), s.sharing_levels.value(), ignore);
    if (geometry_.free_inode_tree)
      add_tree(free_inode_tree(geometry_, number), i.free_root.value(), i.free_levels.value(), ignore);
    CHECK(add_reserve(group));
    xfs_inode_visitor visitor;
    visitor.inode = [&](std::uint64_t inode, byte_view bytes) { return add_inode(inode, bytes); };
    visitor.table = [&](range place) { add({place, owner_kind::inode_table, "inodes"}); };
    visitor.tree_block = [&](std::uint64_t place) { add_block(place, "tree"); };
    return walk_inodes(geometry_, reader_, number, visitor);
  }

  void add_block(std::uint64_t place, const char* word) { add({{place, geometry_.block_size}, owner_kind::metadata, word}); }

  void add_tree(const xfs_tree& tree, std::uint64_t root, unsigned levels, const xfs_tree_walk::leaf_visitor& leaf) {
    xfs_tree_walk walk(geometry_, reader_);
    const auto outcome = walk.run(tree, {root}, levels, leaf, [&](std::uint64_t place) { add_block(place, tree.name); });
    (void)outcome;  // as far as it can be read
  }

  result<void> add_free(std::uint32_t group, byte_view records) {
    for (; !records.empty(); records = records.subspan(sizeof(xfs_free_extent))) {
      const auto e = read_struct<xfs_free_extent>(records);
      const range place{geometry_.place_of(group, e.block.value()), std::uint64_t{e.count.value()} * geometry_.block_size};
      add({place, owner_kind::free_space, ""});
    }
    return success();
  }

  // Blocks kept for the trees' growth: a ring of numbers in the fourth sector.
  result<void> add_reserve(const xfs_group& group) {
    std::vector<std::byte> sector(geometry_.sector_size);
    CHECK(reader_.read(geometry_.place_of(group.number, 0) + std::uint64_t{3} * geometry_.sector_size, sector));
    const auto list = byte_view(sector).subspan(geometry_.checksums ? sizeof(xfs_agfl) : 0);
    const auto slots = list.size() / 4;
    const auto count = std::min<std::size_t>(group.space.list_count.value(), slots);
    for (std::size_t i = 0; i < count; ++i) {
      const auto slot = (group.space.list_first.value() + i) % slots;
      const auto block = read_struct<wire::be32>(list.subspan(slot * 4)).value();
      if (block < group.length) add_block(geometry_.place_of(group.number, block), "reserve of the trees");
    }
    return success();
  }

  // Never fails: one wrong inode says nothing about the others.
  result<void> add_inode(std::uint64_t number, byte_view bytes) {
    const auto parsed = parse_inode(geometry_, bytes, number);
    if (parsed.has_error()) return success();
    const auto& inode = parsed.value();
    const auto kind = inode.is_folder() ? owner_kind::directory : inode.is_file() ? owner_kind::file : owner_kind::metadata;
    const auto tree_block = [&](std::uint64_t place) { add_block(place, "extent tree"); };
    const auto data = forks_.run(
        inode, inode.data,
        [&](const xfs_extent& e) -> result<void> {
          add({e.place, kind, kind == owner_kind::metadata ? "symbolic link" : "", kind == owner_kind::metadata ? 0 : number});
          return success();
        },
        tree_block);
    const auto attributes = forks_.run(
        inode, inode.attributes,
        [&](const xfs_extent& e) -> result<void> {
          add({e.place, owner_kind::metadata, "attributes"});
          return success();
        },
        tree_block);
    (void)data;  // as far as they can be read
    (void)attributes;
    return success();
  }

  void find_names() {
    auto missing = names_.size();
    if (const auto root = names_.find(geometry_.root_inode); root != names_.end()) {
      root->second.assign(1, '/');
      --missing;
    }
    if (missing == 0) return;
    xfs_path_visitor visitor;
    visitor.enters = [](std::string_view) { return true; };
    visitor.entry = [&](const std::string& path, const xfs_entry& e) {
      const auto found = names_.find(e.inode);
      if (found == names_.end() || !found->second.empty()) return true;
      found->second = path;
      return --missing != 0;
    };
    const auto outcome = walk_paths(geometry_, reader_, visitor);
    (void)outcome;  // who was not met has no name
  }

  // Nobody can be told for a file without a name: one that was removed while it was open, or quota.
  plan::range_owner owner_of(const piece& p) const {
    if (p.inode == 0) return {p.where, p.kind, p.word};
    const auto& name = names_.at(p.inode);
    return {p.where, name.empty() ? owner_kind::unknown : p.kind, name};
  }

  std::vector<plan::range_owner> tell() {
    std::ranges::stable_sort(pieces_, {}, [](const piece& p) { return p.where.offset; });
    std::vector<plan::range_owner> told;
    auto next = pieces_.begin();
    for (const auto& asked : where_) {
      auto at = asked.offset;
      for (; next != pieces_.end() && next->where.offset < asked.end(); ++next) {
        auto p = *next;
        if (p.where.end() <= at) continue;
        if (p.where.offset > at) told.push_back({{at, p.where.offset - at}, owner_kind::unknown, {}});
        at = std::max(at, p.where.offset);
        p.where = {at, p.where.end() - at};
        told.push_back(owner_of(p));
        at = p.where.end();
      }
      if (at < asked.end()) told.push_back({{at, asked.end() - at}, owner_kind::unknown, {}});
    }
    return told;
  }

  const xfs_geometry& geometry_;
  io::unaligned_reader& reader_;
  const range_list& where_;
  xfs_fork_reader forks_;
  std::vector<piece> pieces_;  // each inside one range of `where_`
  std::unordered_map<std::uint64_t, std::string> names_;
};

}  // namespace

std::vector<plan::range_owner> find_xfs_owners(const xfs_geometry& g, io::unaligned_reader& reader, const range_list& where) {
  return owner_search(g, reader, where).run();
}

}  // namespace umbra::fs
