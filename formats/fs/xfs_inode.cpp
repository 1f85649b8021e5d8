// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/xfs_inode.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/fs/xfs_groups.h"

namespace umbra::fs {
namespace {

constexpr std::size_t short_core = 100;  // of versions 1 and 2
constexpr std::size_t long_core = sizeof(xfs_dinode);
constexpr std::uint16_t realtime_flag = 1;
constexpr std::uint64_t sharing_flag = 2;
constexpr std::uint64_t many_extents_flag = 0x10;
constexpr unsigned chunk_inodes = 64;
constexpr unsigned hole_inodes = 4;  // that a bit of the mask of holes stands for

result<void> check_core(const xfs_geometry& g, const xfs_dinode& core, byte_view bytes, std::uint64_t number) {
  const auto doubt = [&](const char* why) { return xfs_doubt(fmt::format("inode {}: {}", number, why)); };
  const auto version = core.version.value();
  if (core.magic.value() != xfs_dinode::right_magic || version < 1 || version > 3) return doubt("there is none");
  if ((version == 3) != g.checksums) return doubt("wrong version");
  if (core.size.value() >> 63) return doubt("size");
  if (!g.checksums) return success();
  if (!has_right_crc(bytes, offsetof(xfs_dinode, crc))) return doubt("wrong checksum");
  if (core.number.value() != number || !std::ranges::equal(bytes_of(core.id), g.id)) return doubt("one of somewhere else");
  return success();
}

result<void> check_fork(const xfs_fork& fork, std::uint64_t number) {
  if (fork.how > xfs_fork::form::tree) return xfs_doubt(fmt::format("inode {}: unknown form", number));
  if (fork.how == xfs_fork::form::extents && fork.extents > fork.bytes.size() / sizeof(xfs_packed_extent))
    return xfs_doubt(fmt::format("inode {}: too many extents", number));
  return success();
}

struct chunk {
  std::uint32_t group = 0;
  std::uint32_t first = 0;
  std::uint16_t holes = 0;
  std::uint64_t free_mask = 0;
};

// `count` inodes from the chunk's `from` on, which are there.
result<void> visit_run(const xfs_geometry& g, io::unaligned_reader& reader, const chunk& c, unsigned from, unsigned count,
                       const xfs_inode_visitor& visitor, buffer& memory) {
  const std::uint64_t first = std::uint64_t{c.first} + from;
  const std::uint64_t in_block = first & ((std::uint64_t{1} << g.inodes_per_block_log) - 1);
  const auto offset = (first >> g.inodes_per_block_log) * g.block_size + in_block * g.inode_size;
  const std::uint64_t size = std::uint64_t{count} * g.inode_size;
  if (!fits(offset, size, std::uint64_t{g.blocks_of(c.group)} * g.block_size))
    return xfs_doubt(fmt::format("inodes of group {} outside of it", c.group));
  const range place{g.place_of(c.group, 0) + offset, size};
  if (visitor.table) visitor.table(place);
  const auto bytes = memory.span().first(static_cast<std::size_t>(size));
  CHECK(within("inodes", reader.read(place.offset, bytes)));
  for (unsigned i = 0; i < count; ++i) {
    if (c.free_mask >> (from + i) & 1) continue;
    const auto number = g.inode_number(c.group, c.first + from + i);
    CHECK(visitor.inode(number, byte_view(bytes).subspan(std::size_t{i} * g.inode_size, g.inode_size)));
  }
  return success();
}

result<void> visit_chunk(const xfs_geometry& g, io::unaligned_reader& reader, const chunk& c, const xfs_inode_visitor& visitor,
                         buffer& memory) {
  unsigned at = 0;
  while (at < chunk_inodes) {
    const auto is_hole = [&](unsigned i) { return (c.holes >> (i / hole_inodes) & 1) != 0; };
    if (is_hole(at)) {
      at += hole_inodes;
      continue;
    }
    unsigned end = at;
    while (end < chunk_inodes && !is_hole(end)) end += hole_inodes;
    CHECK(visit_run(g, reader, c, at, end - at, visitor, memory));
    at = end;
  }
  return success();
}

}  // namespace

result<xfs_inode> parse_inode(const xfs_geometry& g, byte_view bytes, std::uint64_t number) {
  // Short inodes end before the fields of version 3, which then are not looked at.
  std::array<std::byte, sizeof(xfs_dinode)> start{};
  std::ranges::copy(bytes.first(start.size()), start.begin());
  const auto core = read_struct<xfs_dinode>(start);
  CHECK(check_core(g, core, bytes, number));
  const auto forks = bytes.subspan(g.checksums ? long_core : short_core);
  const std::size_t split = std::size_t{core.fork_offset.value()} * 8;
  if (split >= forks.size()) return xfs_doubt(fmt::format("inode {}: place of its attributes", number));
  xfs_inode inode;
  inode.number = number;
  inode.mode = core.mode.value();
  inode.links = core.version.value() == 1 ? core.old_links.value() : core.links.value();
  inode.size = core.size.value();
  inode.realtime = (core.flags.value() & realtime_flag) != 0;
  inode.sharing = g.checksums && (core.flags2.value() & sharing_flag) != 0;
  const bool many = g.checksums && (core.flags2.value() & many_extents_flag) != 0;
  inode.data.how = static_cast<xfs_fork::form>(core.format.value());
  inode.data.extents = many ? core.many_extents.value() : core.extents.value();
  inode.data.bytes = split == 0 ? forks : forks.first(split);
  CHECK(check_fork(inode.data, number));
  if (split == 0) return inode;
  inode.attributes.how = static_cast<xfs_fork::form>(core.attribute_format.value());
  inode.attributes.extents = many ? core.extents.value() : core.attribute_extents.value();
  inode.attributes.bytes = forks.subspan(split);
  CHECK(check_fork(inode.attributes, number));
  return inode;
}

result<xfs_inode> read_inode(const xfs_geometry& g, io::unaligned_reader& reader, std::uint64_t number,
                             std::vector<std::byte>& memory) {
  const auto place = g.place_of_inode(number);
  if (!place) return xfs_doubt(fmt::format("inode {} cannot be", number));
  memory.resize(g.inode_size);
  CHECK(within("inode", reader.read(*place, memory)));
  return parse_inode(g, memory, number);
}

error xfs_fork_reader::doubt(const char* why) const { return xfs_doubt(fmt::format("extents of inode {}: {}", number_, why)); }

result<void> xfs_fork_reader::run(const xfs_inode& inode, const xfs_fork& fork, const extent_visitor& visit,
                                  const xfs_tree_walk::block_visitor& tree_block) {
  number_ = inode.number;
  reach_ = seen_ = 0;
  if (inode.realtime && fork.bytes.data() == inode.data.bytes.data()) return doubt("they lie on another device");
  if (fork.how == xfs_fork::form::extents) {
    return add_records(fork.bytes.first(static_cast<std::size_t>(fork.extents) * sizeof(xfs_packed_extent)), visit);
  }
  if (fork.how == xfs_fork::form::tree) return run_tree(inode, fork, visit, tree_block);
  return success();
}

result<void> xfs_fork_reader::run_tree(const xfs_inode& inode, const xfs_fork& fork, const extent_visitor& visit,
                                       const xfs_tree_walk::block_visitor& tree_block) {
  // The root is a level of two bytes, a number of records of two bytes, keys, and pointers behind room for all keys.
  constexpr std::size_t head = 4;
  if (fork.bytes.size() < head) return doubt("root of the tree");
  const auto level = read_struct<wire::be16>(fork.bytes).value();
  const std::size_t count = read_struct<wire::be16>(fork.bytes.subspan(2)).value();
  const auto capacity = (fork.bytes.size() - head) / 16;
  if (level == 0 || level > xfs_tree_walk::deepest || count == 0 || count > capacity) return doubt("root of the tree");
  std::vector<std::uint64_t> roots;
  for (std::size_t i = 0; i < count; ++i)
    roots.push_back(read_struct<wire::be64>(fork.bytes.subspan(head + (capacity + i) * 8)).value());
  const auto leaf = [&](byte_view records) { return add_records(records, visit); };
  auto tree = extent_tree(geometry_, inode.number);
  tree.block_limit = tree_blocks_left_;
  CHECK(walk_.run(tree, roots, level, leaf, [&](std::uint64_t place) {
    --tree_blocks_left_;
    if (tree_block) tree_block(place);
  }));
  if (seen_ != fork.extents) return doubt("wrong number");
  return success();
}

result<void> xfs_fork_reader::add_records(byte_view records, const extent_visitor& visit) {
  for (; !records.empty(); records = records.subspan(sizeof(xfs_packed_extent)))
    CHECK(add_extent(read_struct<xfs_packed_extent>(records), visit));
  return success();
}

result<void> xfs_fork_reader::add_extent(const xfs_packed_extent& packed, const extent_visitor& visit) {
  const auto high = packed.high.value();
  const auto low = packed.low.value();
  xfs_extent e;
  e.unwritten = high >> 63 != 0;
  e.file_block = high << 1 >> 10;
  e.count = low & 0x1fffff;
  const auto place = geometry_.place_of_blocks((high & 0x1ff) << 43 | low >> 21, e.count);
  if (!place || e.count == 0) return doubt("outside of the file system");
  if (e.file_block < reach_) return doubt("out of order");
  e.place = *place;
  reach_ = e.file_block + e.count;
  ++seen_;
  return visit(e);
}

result<void> walk_inodes(const xfs_geometry& g, io::unaligned_reader& reader, std::uint32_t number,
                         const xfs_inode_visitor& visitor) {
  TRY(const auto group, read_group(g, reader, number));
  buffer memory(std::size_t{chunk_inodes} * g.inode_size);
  std::uint64_t reach = 0;
  const auto leaf = [&](byte_view records) -> result<void> {
    for (; !records.empty(); records = records.subspan(sizeof(xfs_inode_chunk))) {
      const auto r = read_struct<xfs_inode_chunk>(records);
      const chunk c{number, r.first.value(), g.sparse_inodes ? r.holes.value() : std::uint16_t{0}, r.free_mask.value()};
      if (c.first < reach) return xfs_doubt(fmt::format("inodes of group {} out of order", number));
      reach = std::uint64_t{c.first} + chunk_inodes;
      CHECK(visit_chunk(g, reader, c, visitor, memory));
    }
    return success();
  };
  xfs_tree_walk walk(g, reader);
  return walk.run(inode_tree(g, number), {group.inodes.root.value()}, group.inodes.levels.value(), leaf, visitor.tree_block);
}

}  // namespace umbra::fs
