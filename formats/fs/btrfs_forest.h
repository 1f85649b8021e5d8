// SPDX-License-Identifier: GPL-3.0-or-later
// All trees of a Btrfs as of its last commit: the chunks, and where every tree begins.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/fs/btrfs_walk.h"

namespace umbra::fs {

// A subvolume or snapshot seen from the folder where it hangs.
struct btrfs_link {
  std::uint64_t parent = 0;     // the tree of that folder
  std::uint64_t directory = 0;  // its inode there
  std::uint64_t child = 0;
  std::string name;
};

class btrfs_forest {
 public:
  // Reads the chunk tree and the root tree. Any doubt is an error whose text is fit for a note.
  // `volume` outlives the forest.
  static result<std::unique_ptr<btrfs_forest>> open(io::unaligned_reader& volume, const btrfs_superblock& super);

  btrfs_node_reader& reader() { return reader_; }
  const btrfs_geometry& geometry() const { return reader_.geometry(); }
  const btrfs_chunks& chunks() const { return reader_.chunks(); }
  // Null if there is no such tree.
  const btrfs_pointer* root(std::uint64_t tree) const;
  // Where the log lies whose changes a mount would take in: what was fsynced since the last commit. Null if there is none.
  const btrfs_pointer* log() const { return log_.logical != 0 ? &log_ : nullptr; }
  // The first tree and all subvolumes and snapshots that have not been deleted, sorted.
  const std::vector<std::uint64_t>& file_trees() const { return file_trees_; }
  // Sorted by child; each child hangs in one place.
  const std::vector<btrfs_link>& links() const { return links_; }
  const btrfs_link* link_of(std::uint64_t child) const;
  // The subvolume that is mounted when none is named.
  std::uint64_t default_tree() const { return default_tree_; }
  // Snapshots that were made to stay as they are, mostly.
  bool is_read_only(std::uint64_t tree) const;

 private:
  friend class btrfs_root_visitor;
  btrfs_forest(io::unaligned_reader& volume, const btrfs_geometry& geometry) : reader_(volume, geometry) {}
  result<void> read_chunks(const btrfs_superblock& super);
  result<void> read_roots(const btrfs_superblock& super);

  btrfs_node_reader reader_;
  std::vector<btrfs_pointer> roots_;  // sorted by tree
  std::vector<std::uint64_t> file_trees_;
  std::vector<std::uint64_t> read_only_;
  std::vector<btrfs_link> links_;
  std::uint64_t default_tree_ = btrfs_id::file_tree;
  btrfs_pointer log_;
};

// Where the tree of a root item begins; an error if the item is cut short.
result<btrfs_pointer> decode_root(std::uint64_t tree, byte_view item);

}  // namespace umbra::fs
