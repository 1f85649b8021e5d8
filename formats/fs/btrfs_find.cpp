// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs_find.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "formats/fs/btrfs_claims.h"
#include "formats/fs/btrfs_files.h"
#include "formats/fs/btrfs_names.h"

namespace umbra::fs {
namespace {

using letter_case = plan::path_patterns::letter_case;

// What may wait or be remembered at one time; some tens of MiB each.
constexpr std::size_t folder_limit = 1 << 20;
constexpr std::size_t text_limit = 32 << 20;
constexpr std::size_t extent_limit = 1 << 21;
constexpr std::size_t not_mounted = std::string::npos;

error too_many(std::string_view what) { return {errc::unsupported, fmt::format("too many {} to look through", what)}; }

struct folder {
  btrfs_inode_id id;
  std::string path;
  std::size_t mount = not_mounted;  // where a path begins if the subvolume around it is mounted by itself
};

struct match {
  btrfs_inode_id id;
  std::string path;
};

// Walks down from the top, into what may hold a match.
class path_search {
 public:
  path_search(btrfs_forest& forest, const plan::path_patterns& patterns) : forest_(forest), patterns_(patterns) {}

  result<std::vector<match>> run() {
    const btrfs_inode_id top{btrfs_id::file_tree, btrfs_root_directory};
    CHECK(push({top, "", forest_.default_tree() == top.tree ? 0 : not_mounted}));
    CHECK(push_default());
    while (!waiting_.empty()) {
      const auto next = std::move(waiting_.back());
      waiting_.pop_back();
      text_ -= next.path.size();
      const auto* root = forest_.root(next.id.tree);
      if (root == nullptr) return error(errc::decode, fmt::format("subvolume {} is missing", next.id.tree));
      entry_visitor visitor(*this, next);
      CHECK(walk(forest_.reader(), *root, keys_of(next.id.inode, btrfs_type::dir_index), visitor));
    }
    return std::move(found_);
  }

 private:
  class entry_visitor final : public btrfs_visitor {
   public:
    entry_visitor(path_search& search, const folder& in) : search_(search), in_(in) {}
    result<void> see(const btrfs_key&, byte_view item) override {
      TRY(const auto entry, decode_entry(item));
      return search_.see(in_, entry);
    }

   private:
    path_search& search_;
    const folder& in_;
  };

  result<void> see(const folder& in, const btrfs_entry& entry) {
    const auto path = fmt::format("{}/{}", in.path, entry.name);
    if (path.size() > btrfs_path_limit) return error(errc::decode, "a path that is too long");
    const bool is_folder = entry.kind == static_cast<std::uint8_t>(btrfs_entry_kind::folder);
    if (entry.location.type == btrfs_type::root_item) return see_subvolume(in, entry, path);
    if (entry.location.type != btrfs_type::inode_item) return error(errc::decode, "an entry that leads nowhere");
    if (is_folder) return push({{in.id.tree, entry.location.objectid}, path, in.mount});
    if (entry.kind == static_cast<std::uint8_t>(btrfs_entry_kind::file)) return see_file(in, entry, path);
    return success();
  }

  // It may hang where no pattern would lead.
  result<void> push_default() {
    const btrfs_inode_id id{forest_.default_tree(), btrfs_root_directory};
    if (id.tree == btrfs_id::file_tree) return success();
    const auto path = btrfs_paths(forest_).path_of(id);
    return path ? push({id, *path, path->size()}) : success();
  }

  // Snapshots hold entries of the subvolumes in what they were made of; those are empty folders there.
  result<void> see_subvolume(const folder& in, const btrfs_entry& entry, const std::string& path) {
    const auto child = entry.location.objectid;
    const auto* link = forest_.link_of(child);
    const bool hangs_here =
        link != nullptr && link->parent == in.id.tree && link->directory == in.id.inode && link->name == entry.name;
    if (!hangs_here || child == forest_.default_tree()) return success();  // begun with
    const bool at_top = in.id == btrfs_inode_id{btrfs_id::file_tree, btrfs_root_directory} && !forest_.is_read_only(child);
    return push({{child, btrfs_root_directory}, path, at_top ? path.size() : in.mount});
  }

  result<void> see_file(const folder& in, const btrfs_entry& entry, const std::string& path) {
    const auto mounted = in.mount == not_mounted ? std::string() : path.substr(in.mount);
    const bool from_top = patterns_.matches(path, letter_case::exact);
    if (!from_top && (mounted.empty() || !patterns_.matches(mounted, letter_case::exact))) return success();
    const btrfs_inode_id id{in.id.tree, entry.location.objectid};
    if (!seen_files_.insert({id.tree, id.inode}).second) return success();  // another name of it was found before
    found_.push_back({id, from_top ? path : mounted});
    found_text_ += path.size();
    if (found_text_ > text_limit || found_.size() > folder_limit) return too_many("files");
    return success();
  }

  bool may_match(const folder& f) const {
    const auto below = [&](std::string_view path) {
      return patterns_.may_match_below(path.empty() ? "/" : path, letter_case::exact);
    };
    return below(f.path) || (f.mount != not_mounted && below(std::string_view(f.path).substr(f.mount)));
  }

  // A folder has one name only, so each is seen once.
  result<void> push(folder f) {
    if (!may_match(f)) return success();
    if (!seen_folders_.insert({f.id.tree, f.id.inode}).second) return error(errc::decode, "a folder in two places");
    text_ += f.path.size();
    if (text_ > text_limit || seen_folders_.size() > folder_limit) return too_many("folders");
    waiting_.push_back(std::move(f));
    return success();
  }

  btrfs_forest& forest_;
  const plan::path_patterns& patterns_;
  std::vector<folder> waiting_;
  std::size_t text_ = 0;  // of waiting_
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen_folders_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen_files_;
  std::vector<match> found_;
  std::size_t found_text_ = 0;
};

// All of one inode: its size, its extents, and the tree blocks on the way to them.
class inode_visitor final : public btrfs_visitor {
 public:
  bool enter(const btrfs_pointer& where) override {
    blocks.push_back(where.logical);
    return true;
  }

  result<void> see(const btrfs_key& key, byte_view item) override {
    if (key.type == btrfs_type::inode_item) {
      if (item.size() < sizeof(btrfs_disk_inode)) return error(errc::decode, "an inode is cut short");
      inode = read_struct<btrfs_disk_inode>(item);
    } else if (key.type == btrfs_type::extent_data) {
      btrfs_disk_file_extent e;
      if (!decode_file_extent(item, e)) return success();
      if (extents.size() == extent_limit) return too_many("pieces of files");
      const bool unwritten = e.kind.value() == btrfs_file_extent_kind::preallocated;
      extents.push_back({{e.disk_offset.value(), e.disk_size.value()}, unwritten});
    }
    return success();
  }

  struct extent {
    range logical;
    bool unwritten = false;
  };

  std::optional<btrfs_disk_inode> inode;
  std::vector<extent> extents;
  std::vector<std::uint64_t> blocks;
};

class data_search {
 public:
  explicit data_search(btrfs_forest& forest) : forest_(forest) {}

  // No file, where the entry was for something else after all.
  result<std::optional<plan::file_data>> look(const match& m) {
    inode_visitor all;
    const btrfs_key_range items{{m.id.inode, btrfs_type::inode_item, 0}, {m.id.inode, btrfs_type::extent_data, btrfs_no_limit}};
    CHECK(walk(forest_.reader(), *forest_.root(m.id.tree), items, all));
    if (!all.inode) return error(errc::decode, fmt::format("{}: it has no inode", m.path));
    if ((all.inode->mode.value() & btrfs_mode_kind) != btrfs_mode_file) return std::optional<plan::file_data>();
    plan::file_data file{m.path, all.inode->size.value(), {}};
    TRY(file.data, own_data(m.id, all));
    return std::optional(std::move(file));
  }

  // Some file had data, and of none of them any could be told.
  bool only_checksums() const { return checksums_ && !told_; }

 private:
  result<range_list> own_data(const btrfs_inode_id& id, const inode_visitor& all) {
    const bool has_checksums = (all.inode->flags.value() & btrfs_inode_without_checksums) == 0;
    btrfs_claims claims(forest_.chunks(), extent_limit);
    if (all.extents.empty()) return range_list();
    TRY(const bool shared, is_shared(id.tree, all.blocks));
    if (shared) return range_list();
    for (const auto& e : distinct(all.extents)) {
      if (has_checksums && !e.unwritten) {
        checksums_ = true;
        continue;
      }
      TRY(const auto refs, references_of(forest_, e.logical.offset));
      if (refs.only(id)) CHECK(claims.add(e.logical.offset, e.logical.size));
    }
    auto data = claims.take();
    if (claims.is_coarse()) return too_many("pieces of files");
    told_ |= !data.empty();
    return data;
  }

  // By place, each once: several items may show parts of one extent, of which some were written since it was set aside.
  static std::vector<inode_visitor::extent> distinct(std::vector<inode_visitor::extent> extents) {
    std::ranges::sort(extents, {}, [](const auto& e) { return std::pair(e.logical.offset, e.unwritten); });
    const auto same = [](const auto& a, const auto& b) { return a.logical.offset == b.logical.offset; };
    extents.erase(std::unique(extents.begin(), extents.end(), same), extents.end());
    return extents;
  }

  // A snapshot that has this file unchanged shares a tree block on the way to it.
  result<bool> is_shared(std::uint64_t tree, const std::vector<std::uint64_t>& blocks) {
    for (const auto block : blocks) {
      TRY(const auto refs, references_of(forest_, block));
      if (!refs.only(tree)) return true;
    }
    return false;
  }

  btrfs_forest& forest_;
  bool checksums_ = false;
  bool told_ = false;
};

}  // namespace

result<std::vector<plan::file_data>> find_btrfs_files(btrfs_forest& forest, const plan::path_patterns& patterns) {
  if (forest.log() != nullptr) return error(errc::unsupported, "Btrfs: its log has changes to files that were not taken in yet");
  TRY(const auto matches, path_search(forest, patterns).run());
  data_search search(forest);
  std::vector<plan::file_data> files;
  std::size_t pieces = 0;
  for (const auto& m : matches) {
    TRY(auto file, search.look(m));
    if (!file) continue;
    pieces += file->data.size();
    if (pieces > extent_limit) return too_many("pieces of files");
    files.push_back(*std::move(file));
  }
  if (search.only_checksums())
    return error(errc::unsupported, "Btrfs: the files that match have checksums, and could not be read if data were missing");
  return files;
}

}  // namespace umbra::fs
