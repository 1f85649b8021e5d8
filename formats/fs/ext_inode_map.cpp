// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_inode_map.h"

#include <algorithm>

#include "engine/base/wire.h"

namespace umbra::fs {
namespace {

constexpr std::uint16_t extent_magic = 0xf30a;
constexpr std::uint16_t longest_written = 32768;  // a greater length says "allocated, not written"

struct extent_header {
  wire::u16 magic;
  wire::u16 entries;
  wire::u16 capacity;
  wire::u16 depth;
  wire::u32 generation;
};
struct extent_leaf {
  wire::u32 file_block;
  wire::u16 length;
  wire::u16 block_high;
  wire::u32 block_low;
};
struct extent_index {
  wire::u32 file_block;
  wire::u32 block_low;
  wire::u16 block_high;
  wire::u16 unused;
};
static_assert(sizeof(extent_header) == 12 && sizeof(extent_leaf) == 12 && sizeof(extent_index) == 12);

template <class Entry>
std::uint64_t block_of(const Entry& e) {
  return e.block_low.value() | std::uint64_t{e.block_high.value()} << 32;
}

// Entries that lie inside the node whatever its header claims.
std::size_t entry_count(byte_view node) {
  const auto header = read_struct<extent_header>(node);
  return std::min<std::size_t>(header.entries.value(), node.size() / sizeof(extent_leaf) - 1);
}

template <class Entry>
Entry entry_at(byte_view node, std::size_t index) {
  return read_struct<Entry>(node.subspan(sizeof(extent_header) + index * sizeof(Entry)));
}

}  // namespace

ext_inode_map::ext_inode_map(ext2_filsys fs, io::unaligned_reader& reader, std::size_t limit)
    : reader_(reader),
      block_size_(fs->blocksize),
      first_block_(fs->super->s_first_data_block),
      blocks_(ext2fs_blocks_count(fs->super)),
      limit_(limit),
      tree_blocks_left_(blocks_) {}

void ext_inode_map::add(const ext2_inode& inode) {
  inode_begin_ = extents_.size();
  if (!(inode.i_flags & EXT4_EXTENTS_FL)) {
    add_pointers(inode);
    return;
  }
  const auto root = bytes_of(inode.i_block);
  const auto header = read_struct<extent_header>(root);
  if (header.magic.value() == extent_magic && header.depth.value() <= deepest_tree) add_extent_node(root, header.depth.value());
}

void ext_inode_map::add_extent_node(byte_view node, unsigned depth) {
  const auto count = entry_count(node);
  for (std::size_t i = 0; i < count && !full_; ++i) {
    if (depth > 0) {
      add_extent_child(block_of(entry_at<extent_index>(node, i)), depth - 1);
      continue;
    }
    const auto leaf = entry_at<extent_leaf>(node, i);
    if (leaf.length.value() <= longest_written) add_run(leaf.file_block.value(), block_of(leaf), leaf.length.value());
  }
}

void ext_inode_map::add_extent_child(std::uint64_t block, unsigned depth) {
  const auto node = read_tree_block(block, depth);
  if (node.empty()) return;
  const auto header = read_struct<extent_header>(node);
  if (header.magic.value() == extent_magic && header.depth.value() == depth) add_extent_node(node, depth);
}

void ext_inode_map::add_pointers(const ext2_inode& inode) {
  std::uint64_t file_block = 0;
  for (; file_block < EXT2_NDIR_BLOCKS; ++file_block) add_run(file_block, inode.i_block[file_block], 1);
  std::uint64_t reach = 1;
  for (unsigned level = 0; level < 3 && !full_; ++level) {
    reach *= block_size_ / 4;
    add_pointer_block(inode.i_block[EXT2_IND_BLOCK + level], level, file_block);
    file_block += reach;
  }
}

// A block of pointers: to data at level 0, else to blocks of pointers.
void ext_inode_map::add_pointer_block(std::uint64_t block, unsigned level, std::uint64_t file_block) {
  if (block == 0) return;
  const auto pointers = read_tree_block(block, level);
  std::uint64_t reach = 1;
  for (unsigned l = 0; l < level; ++l) reach *= block_size_ / 4;
  for (std::size_t at = 0; at < pointers.size() && !full_; at += 4, file_block += reach) {
    const auto target = read_struct<wire::u32>(pointers.subspan(at)).value();
    if (level == 0) {
      add_run(file_block, target, 1);
    } else {
      add_pointer_block(target, level - 1, file_block);
    }
  }
}

void ext_inode_map::add_run(std::uint64_t file_block, std::uint64_t block, std::uint64_t count) {
  if (count == 0 || block <= first_block_ || !fits(block, count, blocks_)) return;
  const plan::file_extent e{block * block_size_, count * block_size_, file_block * block_size_};
  if (extents_.size() > inode_begin_) {
    auto& last = extents_.back();
    if (last.end() == e.offset && last.file_offset + last.size == e.file_offset) {
      last.size += e.size;
      return;
    }
  }
  if (extents_.size() >= limit_) {
    full_ = true;
    return;
  }
  extents_.push_back(e);
}

byte_view ext_inode_map::read_tree_block(std::uint64_t block, unsigned level) {
  if (tree_blocks_left_ == 0) full_ = true;
  if (full_ || block <= first_block_ || block >= blocks_) return {};
  --tree_blocks_left_;
  auto& memory = levels_[level];
  if (memory.size() == 0) memory = buffer(static_cast<std::size_t>(block_size_));
  if (reader_.read(block * block_size_, memory.span()).has_error()) return {};
  return memory.view();
}

}  // namespace umbra::fs
