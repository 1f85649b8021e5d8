// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_block_walk.h"

#include <algorithm>

#include "engine/base/units.h"
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

template <class Entry>
Entry entry_at(byte_view node, std::size_t index) {
  return read_struct<Entry>(node.subspan(sizeof(extent_header) + index * sizeof(Entry)));
}

}  // namespace

bool ext_has_blocks(const ext2_inode& inode) {
  if (inode.i_flags & EXT4_INLINE_DATA_FL) return false;
  if (LINUX_S_ISREG(inode.i_mode) || LINUX_S_ISDIR(inode.i_mode)) return true;
  return LINUX_S_ISLNK(inode.i_mode) && (EXT2_I_SIZE(&inode) >= sizeof(inode.i_block) || (inode.i_flags & EXT4_EXTENTS_FL));
}

ext_block_walk::ext_block_walk(ext2_filsys fs, io::unaligned_reader& reader)
    : reader_(reader),
      block_size_(fs->blocksize),
      first_block_(fs->super->s_first_data_block),
      blocks_(ext2fs_blocks_count(fs->super)),
      tree_blocks_left_(blocks_) {}

bool ext_block_walk::walk(const ext2_inode& inode, ext_block_sink& sink) {
  sink_ = &sink;
  whole_ = true;
  enough_ = false;
  if (!(inode.i_flags & EXT4_EXTENTS_FL)) {
    walk_pointers(inode);
    return whole_ && !enough_;
  }
  const auto root = bytes_of(inode.i_block);
  const auto header = read_struct<extent_header>(root);
  if (header.magic.value() == extent_magic && header.depth.value() <= deepest_tree) {
    walk_extent_node(root, header.depth.value());
  } else {
    whole_ = false;
  }
  return whole_ && !enough_;
}

void ext_block_walk::walk_extent_node(byte_view node, unsigned depth) {
  // Entries that lie inside the node whatever its header claims.
  const std::size_t claimed = read_struct<extent_header>(node).entries.value();
  const auto count = std::min(claimed, node.size() / sizeof(extent_leaf) - 1);
  if (count < claimed) whole_ = false;
  for (std::size_t i = 0; i < count && !enough_; ++i) {
    if (depth > 0) {
      walk_extent_child(block_of(entry_at<extent_index>(node, i)), depth - 1);
      continue;
    }
    const auto leaf = entry_at<extent_leaf>(node, i);
    const auto length = leaf.length.value();
    const bool written = length <= longest_written;
    tell(leaf.file_block.value(), block_of(leaf), written ? length : length - longest_written, written);
  }
}

void ext_block_walk::walk_extent_child(std::uint64_t block, unsigned depth) {
  const auto node = read_tree_block(block, depth);
  if (node.empty()) return;
  const auto header = read_struct<extent_header>(node);
  if (header.magic.value() == extent_magic && header.depth.value() == depth) {
    walk_extent_node(node, depth);
  } else {
    whole_ = false;
  }
}

void ext_block_walk::walk_pointers(const ext2_inode& inode) {
  std::uint64_t file_block = 0;
  for (; file_block < EXT2_NDIR_BLOCKS && !enough_; ++file_block) {
    if (inode.i_block[file_block] != 0) tell(file_block, inode.i_block[file_block], 1, true);
  }
  std::uint64_t reach = 1;
  for (unsigned level = 0; level < 3 && !enough_; ++level) {
    reach *= block_size_ / 4;
    walk_pointer_block(inode.i_block[EXT2_IND_BLOCK + level], level, file_block);
    file_block += reach;
  }
}

// A block of pointers: to data at level 0, else to blocks of pointers.
void ext_block_walk::walk_pointer_block(std::uint64_t block, unsigned level, std::uint64_t file_block) {
  if (block == 0) return;
  const auto pointers = read_tree_block(block, level);
  std::uint64_t reach = 1;
  for (unsigned l = 0; l < level; ++l) reach *= block_size_ / 4;
  for (std::size_t at = 0; at < pointers.size() && !enough_; at += 4, file_block += reach) {
    const auto target = read_struct<wire::u32>(pointers.subspan(at)).value();
    if (level > 0) {
      walk_pointer_block(target, level - 1, file_block);
    } else if (target != 0) {
      tell(file_block, target, 1, true);
    }
  }
}

void ext_block_walk::tell(std::uint64_t file_block, std::uint64_t block, std::uint64_t count, bool written) {
  if (count == 0 || block <= first_block_ || !fits(block, count, blocks_)) {
    whole_ = false;
  } else if (!sink_->data(file_block, block, count, written)) {
    enough_ = true;
  }
}

byte_view ext_block_walk::read_tree_block(std::uint64_t block, unsigned level) {
  whole_ = whole_ && tree_blocks_left_ != 0 && block > first_block_ && block < blocks_;
  if (tree_blocks_left_ == 0) enough_ = true;
  if (enough_ || block <= first_block_ || block >= blocks_) return {};
  if (!sink_->tree(block)) {
    enough_ = true;
    return {};
  }
  --tree_blocks_left_;
  auto& memory = levels_[level];
  if (memory.size() == 0) memory = buffer(static_cast<std::size_t>(block_size_));
  if (reader_.read(block * block_size_, memory.span()).has_error()) {
    whole_ = false;
    return {};
  }
  return memory.view();
}

}  // namespace umbra::fs
