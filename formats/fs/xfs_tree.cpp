// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/xfs_tree.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/units.h"

namespace umbra::fs {
namespace {

constexpr std::uint32_t magic_of(const char (&name)[5]) {
  std::uint32_t magic = 0;
  for (int i = 0; i < 4; ++i) magic = magic << 8 | static_cast<unsigned char>(name[i]);
  return magic;
}

xfs_tree group_tree(const xfs_geometry& g, std::uint32_t group) {
  xfs_tree tree;
  tree.group = group;
  tree.owner = group;
  tree.block_limit = g.blocks_of(group);
  return tree;
}

}  // namespace

xfs_tree free_space_tree(const xfs_geometry& g, std::uint32_t group) {
  auto tree = group_tree(g, group);
  tree.name = "free space tree";
  tree.magic = g.checksums ? magic_of("AB3B") : magic_of("ABTB");
  tree.record_size = tree.key_size = sizeof(xfs_free_extent);
  return tree;
}

xfs_tree free_size_tree(const xfs_geometry& g, std::uint32_t group) {
  auto tree = free_space_tree(g, group);
  tree.magic = g.checksums ? magic_of("AB3C") : magic_of("ABTC");
  return tree;
}

xfs_tree inode_tree(const xfs_geometry& g, std::uint32_t group) {
  auto tree = group_tree(g, group);
  tree.name = "inode tree";
  tree.magic = g.checksums ? magic_of("IAB3") : magic_of("IABT");
  tree.record_size = sizeof(xfs_inode_chunk);
  tree.key_size = 4;
  return tree;
}

xfs_tree free_inode_tree(const xfs_geometry& g, std::uint32_t group) {
  auto tree = inode_tree(g, group);
  tree.magic = g.checksums ? magic_of("FIB3") : magic_of("FIBT");
  return tree;
}

// Keys are of both ends: places of different owners may overlap.
xfs_tree owner_tree(const xfs_geometry& g, std::uint32_t group) {
  auto tree = group_tree(g, group);
  tree.name = "owner tree";
  tree.magic = magic_of("RMB3");
  tree.record_size = 24;
  tree.key_size = 40;
  return tree;
}

xfs_tree sharing_tree(const xfs_geometry& g, std::uint32_t group) {
  auto tree = group_tree(g, group);
  tree.name = "sharing tree";
  tree.magic = magic_of("R3FC");
  tree.record_size = sizeof(xfs_shared_extent);
  tree.key_size = 4;
  return tree;
}

xfs_tree extent_tree(const xfs_geometry& g, std::uint64_t inode) {
  xfs_tree tree;
  tree.name = "extent tree";
  tree.magic = g.checksums ? magic_of("BMA3") : magic_of("BMAP");
  tree.wide = true;
  tree.owner = inode;
  tree.record_size = sizeof(xfs_packed_extent);
  tree.key_size = 8;
  tree.block_limit = g.blocks;
  return tree;
}

result<void> xfs_tree_walk::run(const xfs_tree& tree, const std::vector<std::uint64_t>& roots, unsigned levels,
                                const leaf_visitor& leaf, const block_visitor& block) {
  tree_ = tree;
  leaf_ = leaf;
  block_ = block;
  blocks_left_ = tree.block_limit;
  if (levels == 0 || levels > deepest) return doubt("number of levels");
  for (unsigned i = 0; i < levels; ++i) levels_[i].last = levels_[i].expected = none();
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (i == 0) levels_[levels - 1].expected = roots[0];
    CHECK(visit(roots[i], levels - 1));
  }
  for (unsigned i = 0; i < levels; ++i) {
    if (levels_[i].expected != none()) return doubt("a block has a neighbour that is not in the tree");
  }
  return success();
}

error xfs_tree_walk::doubt(const char* why) const {
  if (tree_.wide) return xfs_doubt(fmt::format("{} of inode {}: {}", tree_.name, tree_.owner, why));
  return xfs_doubt(fmt::format("{} of group {}: {}", tree_.name, tree_.group, why));
}

std::size_t xfs_tree_walk::head_size() const {
  const std::size_t plain = sizeof(xfs_tree_head) + 2 * pointer_size();
  if (!geometry_.checksums) return plain;
  // Address, owner and checksum; the wide form is padded to a multiple of 8.
  return plain + sizeof(xfs_tree_address) + (tree_.wide ? 16 : 8);
}

std::uint64_t xfs_tree_walk::pointer_at(byte_view bytes) const {
  return tree_.wide ? read_struct<wire::be64>(bytes).value() : read_struct<wire::be32>(bytes).value();
}

result<void> xfs_tree_walk::visit(std::uint64_t pointer, unsigned at) {
  if (blocks_left_ == 0) return doubt("too many blocks");
  --blocks_left_;
  std::uint64_t place = 0;
  if (tree_.wide) {
    const auto found = geometry_.place_of_blocks(pointer, 1);
    if (!found) return doubt("a block outside of the file system");
    place = found->offset;
  } else {
    if (pointer >= geometry_.blocks_of(tree_.group)) return doubt("a block outside of the group");
    place = geometry_.place_of(tree_.group, pointer);
  }
  auto& memory = levels_[at].memory;
  if (memory.size() == 0) memory = buffer(geometry_.block_size);
  CHECK(within(tree_.name, reader_.read(place, memory.span())));
  const auto block = memory.view();
  TRY(const auto count, check(block, pointer, place, at));
  if (block_) block_(place);
  if (at > 0) return visit_children(block, count, at);
  if (count == 0) return success();
  return leaf_(block.subspan(head_size(), count * tree_.record_size));
}

result<void> xfs_tree_walk::visit_children(byte_view block, std::size_t count, unsigned at) {
  // Keys and pointers are as far apart as if there were as many as possible.
  const auto capacity = (block.size() - head_size()) / (tree_.key_size + pointer_size());
  const auto pointers = block.subspan(head_size() + capacity * tree_.key_size);
  for (std::size_t i = 0; i < count; ++i) {
    const auto child = pointer_at(pointers.subspan(i * pointer_size()));
    if (levels_[at - 1].last == none()) levels_[at - 1].expected = child;
    CHECK(visit(child, at - 1));
  }
  return success();
}

result<std::size_t> xfs_tree_walk::check(byte_view block, std::uint64_t pointer, std::uint64_t place, unsigned at) {
  const auto head = read_struct<xfs_tree_head>(block);
  if (head.magic.value() != tree_.magic || head.level.value() != at) return doubt("a block of another kind");
  const auto entry = at == 0 ? tree_.record_size : tree_.key_size + pointer_size();
  const std::size_t count = head.records.value();
  if (count > (block.size() - head_size()) / entry) return doubt("too many records in a block");
  const bool may_be_empty = at == 0 && levels_[at].last == none();
  if (count == 0 && !may_be_empty) return doubt("an empty block");
  CHECK(check_neighbours(block, pointer, at));
  if (geometry_.checksums) CHECK(check_address(block, place));
  return count;
}

// A chain in which everyone agrees with both neighbours, and that begins with nobody, cannot come back to itself.
result<void> xfs_tree_walk::check_neighbours(byte_view block, std::uint64_t pointer, unsigned at) {
  auto& here = levels_[at];
  const auto left = pointer_at(block.subspan(sizeof(xfs_tree_head)));
  const auto right = pointer_at(block.subspan(sizeof(xfs_tree_head) + pointer_size()));
  if (left != here.last || pointer != here.expected) return doubt("neighbours do not agree");
  here.last = pointer;
  here.expected = right;
  return success();
}

result<void> xfs_tree_walk::check_address(byte_view block, std::uint64_t place) {
  const auto start = sizeof(xfs_tree_head) + 2 * pointer_size();
  const auto owner_at = start + sizeof(xfs_tree_address);
  if (!has_right_crc(block, owner_at + pointer_size())) return doubt("wrong checksum");
  const auto address = read_struct<xfs_tree_address>(block.subspan(start));
  if (address.place.value() != place / 512 || pointer_at(block.subspan(owner_at)) != tree_.owner)
    return doubt("a block of somewhere else");
  if (!std::ranges::equal(bytes_of(address.id), geometry_.id)) return doubt("a block of another file system");
  return success();
}

}  // namespace umbra::fs
