// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs_walk.h"

#include <vector>

namespace umbra::fs {
namespace {

// A node on the way down, and the child that comes next.
struct step {
  btrfs_pointer where;
  btrfs_node_ptr node;
  std::size_t next = 0;
};

class tree_walk {
 public:
  tree_walk(btrfs_node_reader& reader, const btrfs_key_range& range, btrfs_visitor& visitor)
      : reader_(reader), range_(range), visitor_(visitor) {}

  result<void> run(const btrfs_pointer& root) {
    CHECK(enter(root));
    while (!way_.empty()) {
      auto& top = way_.back();
      if (top.next == top.node->count()) {
        way_.pop_back();
        continue;
      }
      const auto child = top.node->child(top.next++, top.where);
      if (*child.first > range_.last) {
        way_.pop_back();
        continue;
      }
      CHECK(enter(child));
    }
    return success();
  }

 private:
  // A leaf is done with at once. Levels go down by one each, so the way is as long as the root's level at most.
  result<void> enter(const btrfs_pointer& where) {
    if (!visitor_.enter(where)) return success();
    TRY(auto node, reader_.read(where));
    if (where.level == 0) return see(*node);
    // The child before the first one that begins within the range may reach into it.
    const auto below = node->count_below(range_.first);
    const bool reaches = below > 0 && (below == node->count() || node->key(below) != range_.first);
    way_.push_back({where, std::move(node), reaches ? below - 1 : below});
    return success();
  }

  result<void> see(const btrfs_node& leaf) {
    for (auto i = leaf.count_below(range_.first); i < leaf.count(); ++i) {
      const auto key = leaf.key(i);
      if (key > range_.last) break;
      CHECK(visitor_.see(key, leaf.item(i)));
    }
    return success();
  }

  btrfs_node_reader& reader_;
  const btrfs_key_range range_;
  btrfs_visitor& visitor_;
  std::vector<step> way_;
};

}  // namespace

result<void> walk(btrfs_node_reader& reader, const btrfs_pointer& root, const btrfs_key_range& range, btrfs_visitor& visitor) {
  return tree_walk(reader, range, visitor).run(root);
}

}  // namespace umbra::fs
