// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs_node.h"

#include <fmt/format.h>

#include "engine/base/units.h"

namespace umbra::fs {
namespace {

error doubt(std::uint64_t logical, std::string_view why) {
  return {errc::decode, fmt::format("tree block {}: {}", logical, why)};
}

bool may_be_in(std::uint64_t tree, std::uint64_t owner) {
  return owner == tree || (is_file_tree(tree) && (is_file_tree(owner) || owner == btrfs_id::reloc_tree));
}

result<void> check_expected(const btrfs_node& node, const btrfs_pointer& wanted) {
  const auto at = wanted.logical;
  if (node.generation() != wanted.generation) return doubt(at, "its generation");
  if (node.level() != wanted.level) return doubt(at, "its level");
  if (!may_be_in(wanted.tree, node.owner())) return doubt(at, "its owner");
  if (wanted.first && (node.count() == 0 || node.key(0) != *wanted.first)) return doubt(at, "its first key");
  if (wanted.below && node.count() != 0 && node.key(node.count() - 1) >= *wanted.below) return doubt(at, "its last key");
  return success();
}

}  // namespace

bool is_file_tree(std::uint64_t tree) {
  return tree == btrfs_id::file_tree || (tree >= btrfs_id::first_free && tree <= btrfs_id::last_free);
}

result<btrfs_node> btrfs_node::make(buffer bytes, const btrfs_geometry& geometry, std::uint64_t logical) {
  if (!btrfs_checksum_holds(geometry.checksum_kind, bytes.view()))
    return error(errc::checksum, fmt::format("tree block {}", logical));
  const auto head = read_struct<btrfs_disk_header>(bytes.view());
  if (head.logical.value() != logical) return doubt(logical, "its place");
  if (read_struct<btrfs_uuid>(bytes_of(head.fsid)) != geometry.fsid) return doubt(logical, "it is of another file system");
  if (head.level.value() >= btrfs_max_level) return doubt(logical, "its level");
  btrfs_node node(std::move(bytes));
  if (node.count() > node.body().size() / node.slot_size()) return doubt(logical, "its number of items");
  if (node.level() != 0 && node.count() == 0) return doubt(logical, "it is empty");
  CHECK(node.check_order());
  CHECK(node.check_slots(geometry));
  return node;
}

result<void> btrfs_node::check_order() const {
  for (std::size_t i = 1; i < count(); ++i)
    if (key(i - 1) >= key(i)) return doubt(header().logical.value(), "its keys are in disorder");
  return success();
}

// The bytes of items fill a leaf from its end, the first item last, without gaps.
result<void> btrfs_node::check_slots(const btrfs_geometry& geometry) const {
  std::uint64_t end = body().size();
  for (std::size_t i = 0; i < count(); ++i) {
    const auto slot = body().subspan(i * slot_size());
    if (level() != 0) {
      const auto logical = read_struct<btrfs_disk_pointer>(slot).logical.value();
      if (!is_aligned(logical, geometry.sector_size)) return doubt(header().logical.value(), "where it leads to");
      continue;
    }
    const auto item = read_struct<btrfs_disk_item>(slot);
    const auto begin = std::uint64_t{item.offset.value()};
    if (begin + item.size.value() != end || begin < count() * slot_size())
      return doubt(header().logical.value(), "the places of its items");
    end = begin;
  }
  return success();
}

btrfs_key btrfs_node::key(std::size_t index) const {
  return btrfs_key(read_struct<btrfs_disk_key>(body().subspan(index * slot_size())));
}

std::size_t btrfs_node::count_below(const btrfs_key& wanted) const {
  std::size_t from = 0;
  std::size_t to = count();
  while (from < to) {
    const auto middle = from + (to - from) / 2;
    if (key(middle) < wanted) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  return from;
}

byte_view btrfs_node::item(std::size_t index) const {
  const auto item = read_struct<btrfs_disk_item>(body().subspan(index * sizeof(btrfs_disk_item)));
  return body().subspan(item.offset.value(), item.size.value());
}

btrfs_pointer btrfs_node::child(std::size_t index, const btrfs_pointer& self) const {
  const auto p = read_struct<btrfs_disk_pointer>(body().subspan(index * sizeof(btrfs_disk_pointer)));
  btrfs_pointer child;
  child.logical = p.logical.value();
  child.generation = p.generation.value();
  child.level = static_cast<std::uint8_t>(level() - 1);
  child.tree = self.tree;
  child.first = btrfs_key(p.key);
  child.below = index + 1 < count() ? std::optional(key(index + 1)) : self.below;
  return child;
}

result<btrfs_node_ptr> btrfs_node_reader::read(const btrfs_pointer& where) {
  auto& kept = slot(where.logical);
  if (kept.node && kept.logical == where.logical && check_expected(*kept.node, where)) return kept.node;
  return read_copies(where.logical, &where);
}

result<btrfs_node_ptr> btrfs_node_reader::read_anything(std::uint64_t logical) {
  const auto& kept = slot(logical);
  if (kept.node && kept.logical == logical) return kept.node;
  return read_copies(logical, nullptr);
}

result<btrfs_node_ptr> btrfs_node_reader::read_copies(std::uint64_t logical, const btrfs_pointer* wanted) {
  const auto* chunk = chunks_.find(logical, geometry_.node_size);
  if (chunk == nullptr) return doubt(logical, "no chunk holds it");
  std::optional<error> first;
  for (std::uint8_t copy = 0; copy < chunk->copies; ++copy) {
    buffer bytes(geometry_.node_size);
    const auto attempt = [&]() -> result<btrfs_node_ptr> {
      CHECK(volume_.read(chunk->places[copy] + (logical - chunk->logical), bytes.span()));
      TRY(auto node, btrfs_node::make(std::move(bytes), geometry_, logical));
      if (wanted != nullptr) CHECK(check_expected(node, *wanted));
      return std::make_shared<const btrfs_node>(std::move(node));
    };
    auto node = attempt();
    if (node) {
      slot(logical) = {logical, node.value()};
      return node;
    }
    if (!first) first = node.error();
  }
  return *std::move(first);
}

}  // namespace umbra::fs
