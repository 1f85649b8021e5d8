// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs_names.h"

#include <vector>

#include <fmt/format.h>

namespace umbra::fs {
namespace {

constexpr std::size_t kept_folders = 1 << 12;
constexpr std::size_t depth_limit = 4096;  // folders of a path

// The first name of an inode: what INODE_REF says, else INODE_EXTREF.
class name_visitor final : public btrfs_visitor {
 public:
  result<void> see(const btrfs_key& key, byte_view item) override {
    if (!name.empty()) return success();
    if (key.type == btrfs_type::inode_ref && item.size() > sizeof(btrfs_disk_inode_ref)) {
      take(key.offset, read_struct<btrfs_disk_inode_ref>(item).name_length.value(), item.subspan(sizeof(btrfs_disk_inode_ref)));
    } else if (key.type == btrfs_type::inode_extref && item.size() > sizeof(btrfs_disk_inode_extref)) {
      const auto head = read_struct<btrfs_disk_inode_extref>(item);
      take(head.parent.value(), head.name_length.value(), item.subspan(sizeof(head)));
    }
    return success();
  }
  std::uint64_t folder = 0;
  std::string name;

 private:
  void take(std::uint64_t in, std::size_t length, byte_view text) {
    if (length == 0 || length > text.size()) return;
    folder = in;
    name = as_text(text.first(length));
  }
};

}  // namespace

result<btrfs_entry> decode_entry(byte_view item) {
  if (item.size() < sizeof(btrfs_disk_dir_item)) return error(errc::decode, "an entry of a folder is cut short");
  const auto head = read_struct<btrfs_disk_dir_item>(item);
  const auto text = as_text(item.subspan(sizeof(head)));
  btrfs_entry entry;
  entry.location = btrfs_key(head.location);
  entry.kind = head.kind.value();
  entry.name = text.substr(0, head.name_length.value());
  if (entry.name.empty() || entry.name.size() != head.name_length.value() || entry.name == "." || entry.name == ".." ||
      entry.name.find_first_of(std::string_view("/\0", 2)) != std::string_view::npos)
    return error(errc::decode, "a name that cannot be one");
  return entry;
}

std::string tree_name(std::uint64_t tree) {
  switch (tree) {
    case btrfs_id::root_tree: return "root tree";
    case btrfs_id::extent_tree: return "extent tree";
    case btrfs_id::chunk_tree: return "chunk tree";
    case btrfs_id::device_tree: return "device tree";
    case btrfs_id::file_tree: return "tree of the first subvolume";
    case btrfs_id::checksum_tree: return "checksum tree";
    case btrfs_id::quota_tree: return "quota tree";
    case btrfs_id::uuid_tree: return "UUID tree";
    case btrfs_id::free_space_tree: return "free space tree";
    case btrfs_id::block_group_tree: return "block group tree";
    case btrfs_id::log_tree: return "log";
    case btrfs_id::reloc_tree:
    case btrfs_id::data_reloc_tree: return "relocation";
    default: return is_file_tree(tree) ? fmt::format("tree of subvolume {}", tree) : fmt::format("tree {}", tree);
  }
}

// One name up; from the top of a subvolume into the tree it hangs in.
std::optional<btrfs_paths::step> btrfs_paths::up(const btrfs_inode_id& from) {
  if (from.inode == btrfs_root_directory) {
    const auto* link = forest_.link_of(from.tree);
    if (link == nullptr) return std::nullopt;
    return step{{link->parent, link->directory}, link->name};
  }
  const auto* root = forest_.root(from.tree);
  if (root == nullptr || !is_file_tree(from.tree)) return std::nullopt;
  name_visitor visitor;
  const btrfs_key_range names{{from.inode, btrfs_type::inode_ref, 0}, {from.inode, btrfs_type::inode_extref, btrfs_no_limit}};
  if (!walk(forest_.reader(), *root, names, visitor) || visitor.name.empty()) return std::nullopt;
  return step{{from.tree, visitor.folder}, std::move(visitor.name)};
}

// Goes up until a folder is known, or to the top.
std::optional<std::string> btrfs_paths::folder_path(btrfs_inode_id folder) {
  if (folders_.size() >= kept_folders) folders_.clear();
  const auto asked = folder;
  std::vector<std::string> names;
  std::size_t length = 0;
  std::optional<std::string> path;
  while (true) {
    if (folder == btrfs_inode_id{btrfs_id::file_tree, btrfs_root_directory}) path = "";
    if (const auto known = folders_.find({folder.tree, folder.inode}); known != folders_.end()) path = known->second;
    if (path) break;
    auto above = up(folder);
    if (!above || names.size() == depth_limit || (length += above->name.size()) > btrfs_path_limit) break;
    names.push_back(std::move(above->name));
    folder = above->folder;
  }
  for (auto name = names.rbegin(); path && name != names.rend(); ++name) *path += "/" + *name;
  folders_[{asked.tree, asked.inode}] = path;
  return path;
}

std::optional<std::string> btrfs_paths::path_of(const btrfs_inode_id& file) {
  const auto last = up(file);
  if (!last) return std::nullopt;
  auto folder = folder_path(last->folder);
  if (!folder) return std::nullopt;
  return *folder + "/" + last->name;
}

}  // namespace umbra::fs
