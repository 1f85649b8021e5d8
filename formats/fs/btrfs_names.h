// SPDX-License-Identifier: GPL-3.0-or-later
// Names of things in a Btrfs: entries of folders, paths of files, words for trees.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "formats/fs/btrfs_references.h"

namespace umbra::fs {

constexpr std::uint64_t btrfs_root_directory = 256;  // the inode of each subvolume's own folder
// Longer than any system lets a path be, by far.
constexpr std::size_t btrfs_path_limit = 16 << 10;

enum class btrfs_entry_kind : std::uint8_t { file = 1, folder = 2 };

struct btrfs_entry {
  btrfs_key location;  // an inode of the same tree, or the root of a subvolume
  std::uint8_t kind = 0;
  std::string_view name;  // within the item
};

// Of a DIR_INDEX item; an error if the name could not be one.
result<btrfs_entry> decode_entry(byte_view item);

// "extent tree", "tree of subvolume 257"
std::string tree_name(std::uint64_t tree);

// Finds paths from names upwards: from a file to its folder and so on, through subvolumes, to the top of the first tree.
// Damage and deleted things have no path.
class btrfs_paths {
 public:
  explicit btrfs_paths(btrfs_forest& forest) : forest_(forest) {}
  std::optional<std::string> path_of(const btrfs_inode_id& file);

 private:
  struct step {
    btrfs_inode_id folder;
    std::string name;
  };
  std::optional<step> up(const btrfs_inode_id& from);
  std::optional<std::string> folder_path(btrfs_inode_id folder);

  btrfs_forest& forest_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::optional<std::string>> folders_;  // some that were asked for
};

}  // namespace umbra::fs
