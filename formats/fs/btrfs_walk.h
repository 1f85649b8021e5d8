// SPDX-License-Identifier: GPL-3.0-or-later
// Items of a tree in the order of their keys.
#pragma once

#include "formats/fs/btrfs_node.h"

namespace umbra::fs {

// What looks at a tree.
class btrfs_visitor {
 public:
  virtual ~btrfs_visitor() = default;
  // Called before a tree block is read, parents first; false leaves it out with all below it.
  virtual bool enter(const btrfs_pointer&) { return true; }
  // Valid during the call. An error ends the walk with it.
  virtual result<void> see(const btrfs_key& key, byte_view item) = 0;
};

struct btrfs_key_range {
  btrfs_key first;
  btrfs_key last;  // included
};

constexpr std::uint64_t btrfs_no_limit = ~std::uint64_t{0};
// All items of a tree; all of one object; all of one kind of one object.
inline btrfs_key_range all_keys() { return {{0, 0, 0}, {btrfs_no_limit, 0xff, btrfs_no_limit}}; }
inline btrfs_key_range keys_of(std::uint64_t object) { return {{object, 0, 0}, {object, 0xff, btrfs_no_limit}}; }
inline btrfs_key_range keys_of(std::uint64_t object, std::uint8_t type) {
  return {{object, type, 0}, {object, type, btrfs_no_limit}};
}

// Shows `visitor` every item of `range`. Keys ascend over the whole tree, which is checked, so no block is seen twice and the
// walk ends: it reads at most as many blocks as there are on the volume.
result<void> walk(btrfs_node_reader& reader, const btrfs_pointer& root, const btrfs_key_range& range, btrfs_visitor& visitor);

}  // namespace umbra::fs
