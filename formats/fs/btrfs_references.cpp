// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs_references.h"

#include <fmt/format.h>

namespace umbra::fs {
namespace {

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

constexpr std::size_t block_info_size = 18;  // the first key and the level of a tree block, in items that are not skinny

// Bytes behind the kind of a reference inside an extent's item; 0 if the kind is not known.
std::size_t inline_size(std::uint8_t kind) {
  switch (kind) {
    case btrfs_type::tree_block_ref:
    case btrfs_type::shared_block_ref:
    case btrfs_type::extent_owner_ref: return 8;
    case btrfs_type::extent_data_ref: return sizeof(btrfs_disk_data_ref);
    case btrfs_type::shared_data_ref: return 12;
    default: return 0;
  }
}

void add_file(btrfs_references& to, byte_view bytes) {
  const auto ref = read_struct<btrfs_disk_data_ref>(bytes);
  const btrfs_inode_id file{ref.root.value(), ref.inode.value()};
  if (to.file && *to.file != file) to.several_files = true;
  if (!to.file) to.file = file;
  to.told += ref.count.value();
}

void add_inline(btrfs_references& to, std::uint8_t kind, byte_view bytes) {
  if (kind == btrfs_type::extent_owner_ref) return;  // for quotas; no reference
  if (kind == btrfs_type::extent_data_ref) return add_file(to, bytes);
  const auto place = read_struct<wire::u64>(bytes).value();
  if (kind == btrfs_type::tree_block_ref) {
    to.tree = place;
  } else {
    to.parent = place;
  }
  to.told += kind == btrfs_type::shared_data_ref ? read_struct<wire::u32>(bytes.subspan(8)).value() : 1;
}

class lookup final : public btrfs_visitor {
 public:
  result<void> see(const btrfs_key& key, byte_view item) override {
    if (key.type != btrfs_type::extent_item && key.type != btrfs_type::metadata_item) return success();
    TRY(auto decoded, decode_references(key.type, item));
    found = decoded;
    return success();
  }
  std::optional<btrfs_references> found;
};

}  // namespace

result<btrfs_references> decode_references(std::uint8_t type, byte_view item) {
  if (item.size() < sizeof(btrfs_disk_extent)) return doubt("an extent is cut short");
  const auto head = read_struct<btrfs_disk_extent>(item);
  btrfs_references refs;
  refs.is_block = (head.flags.value() & btrfs_extent_flag::tree_block) != 0;
  refs.count = head.references.value();
  auto left = item.subspan(sizeof(head));
  if (refs.is_block && type == btrfs_type::extent_item) {
    if (left.size() < block_info_size) return doubt("a tree block's extent is cut short");
    left = left.subspan(block_info_size);
  }
  while (!left.empty()) {
    const auto kind = static_cast<std::uint8_t>(left[0]);
    const auto size = inline_size(kind);
    if (size == 0 || left.size() < 1 + size) return doubt(fmt::format("a reference of kind {}", kind));
    add_inline(refs, kind, left.subspan(1, size));
    left = left.subspan(1 + size);
  }
  return refs;
}

void add_reference_item(btrfs_references& to, std::uint8_t type, std::uint64_t offset, byte_view item) {
  if (type == btrfs_type::extent_data_ref && item.size() >= sizeof(btrfs_disk_data_ref)) add_file(to, item);
  if (type == btrfs_type::tree_block_ref) to.tree = offset;
  if (type == btrfs_type::shared_block_ref || type == btrfs_type::shared_data_ref) to.parent = offset;
}

result<btrfs_references> references_of(btrfs_forest& forest, std::uint64_t logical) {
  const auto* root = forest.root(btrfs_id::extent_tree);
  if (root == nullptr) return doubt("there is no extent tree");
  lookup one;
  CHECK(walk(forest.reader(), *root,
             {{logical, btrfs_type::extent_item, 0}, {logical, btrfs_type::metadata_item, btrfs_no_limit}}, one));
  if (!one.found) return doubt(fmt::format("extent {} is not in the extent tree", logical));
  return *one.found;
}

}  // namespace umbra::fs
