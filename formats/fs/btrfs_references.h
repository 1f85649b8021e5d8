// SPDX-License-Identifier: GPL-3.0-or-later
// Who refers to an extent, as the items of the extent tree tell it.
#pragma once

#include <optional>

#include "formats/fs/btrfs_forest.h"

namespace umbra::fs {

// A file, by the tree it is in.
struct btrfs_inode_id {
  std::uint64_t tree = 0;
  std::uint64_t inode = 0;
  bool operator==(const btrfs_inode_id&) const = default;
};

// What an extent's own item says. Further references may stand in items behind it: then `told` is less than `count`.
struct btrfs_references {
  bool is_block = false;
  std::uint64_t count = 0;
  std::uint64_t told = 0;
  std::optional<std::uint64_t> tree;    // of a tree block
  std::optional<btrfs_inode_id> file;   // of data: the first file that is named
  std::optional<std::uint64_t> parent;  // a tree block that refers to it, by address: some trees share that
  bool several_files = false;

  // True if no other tree, or no other file, needs it.
  bool only(std::uint64_t a_tree) const { return is_block && count == 1 && told == 1 && tree == a_tree; }
  bool only(const btrfs_inode_id& a_file) const {
    return !is_block && told == count && !several_files && !parent && file == a_file;
  }
};

// Of an EXTENT_ITEM or METADATA_ITEM.
result<btrfs_references> decode_references(std::uint8_t type, byte_view item);
// Adds an item that stands behind the extent's own.
void add_reference_item(btrfs_references& references, std::uint8_t type, std::uint64_t offset, byte_view item);

// Looks one extent up. An error if it is not there.
result<btrfs_references> references_of(btrfs_forest& forest, std::uint64_t logical);

}  // namespace umbra::fs
