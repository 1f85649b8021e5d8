// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/xfs_groups.h"

#include <algorithm>

#include <fmt/format.h>

namespace umbra::fs {
namespace {

constexpr std::size_t most_tree_blocks = 4 << 20;  // right ones have hundreds of extents in a block

template <class Head>
result<void> check_head(const xfs_geometry& g, const Head& h, byte_view sector, std::uint32_t number, const char* name) {
  const auto doubt = [&](const char* why) { return xfs_doubt(fmt::format("{} of group {}: {}", name, number, why)); };
  if (h.magic.value() != Head::right_magic || h.version.value() != 1) return doubt("there is none");
  if (h.number.value() != number) return doubt("wrong number");
  if (h.length.value() != g.blocks_of(number)) return doubt("wrong length");
  if (!g.checksums) return success();
  if (!has_right_crc(sector, offsetof(Head, crc))) return doubt("wrong checksum");
  if (!std::ranges::equal(bytes_of(h.id), g.id)) return doubt("of another file system");
  return success();
}

// The copy may be old where sizes are concerned: growing does not wait for all of them.
result<void> check_copy(const xfs_geometry& g, byte_view sector, std::uint32_t number) {
  const auto copy = read_struct<xfs_superblock>(sector);
  if (copy.magic.value() == xfs_magic && copy.block_size.value() == g.block_size && copy.ag_blocks.value() == g.ag_blocks &&
      copy.sector_size.value() == g.sector_size) {
    return success();
  }
  return xfs_doubt(fmt::format("the copy of the superblock in group {} is of another file system", number));
}

// Collects what lies between the free extents of one group after the other.
class used_collector {
 public:
  used_collector(const xfs_geometry& g, std::size_t limit) : geometry_(g), limit_(limit) {}

  void begin(const xfs_group& group) {
    group_ = &group;
    reach_ = geometry_.head_blocks();
    sum_ = 0;
    longest_ = 0;
    digest_ = 0;
  }

  // Sums of these do not depend on the order, and hardly ever are the same for other extents.
  static std::uint64_t digest_of(std::uint64_t block, std::uint64_t count) {
    auto mixed = (block << 32 | count) * 0x9e3779b97f4a7c15;
    mixed ^= mixed >> 32;
    return mixed * 0xd6e8feb86659fd93;
  }

  result<void> add_free(byte_view records) {
    for (; !records.empty(); records = records.subspan(sizeof(xfs_free_extent))) {
      const auto e = read_struct<xfs_free_extent>(records);
      const std::uint64_t block = e.block.value();
      const std::uint64_t count = e.count.value();
      if (block < reach_ || count == 0 || !fits(block, count, group_->length)) return doubt("extents out of order");
      sum_ += count;
      digest_ += digest_of(block, count);
      longest_ = std::max(longest_, count);
      reach_ = block + count;
      free_until(geometry_.place_of(group_->number, block), count * geometry_.block_size);
    }
    return success();
  }

  result<void> end() {
    if (sum_ != group_->space.free_blocks.value() || longest_ != group_->space.longest.value()) {
      return doubt("its extents do not add up to what the group says");
    }
    return success();
  }

  // Of the same extents ordered by size. Only version 4 needs it: nothing else there shows a wrong extent.
  result<void> compare(byte_view records) {
    for (; !records.empty(); records = records.subspan(sizeof(xfs_free_extent))) {
      const auto e = read_struct<xfs_free_extent>(records);
      digest_ -= digest_of(e.block.value(), e.count.value());
    }
    return success();
  }
  result<void> end_comparison() const { return digest_ == 0 ? result<void>(success()) : doubt("its two trees do not agree"); }

  // Nothing after this.
  xfs_free_space take() {
    add_used(at_, geometry_.size() - at_);
    xfs_free_space space;
    space.used = std::move(used_);
    if (full_) space.shortened = "free space beyond so many pieces counts as used";
    return space;
  }

 private:
  error doubt(const char* why) const { return xfs_doubt(fmt::format("free space of group {}: {}", group_->number, why)); }

  void add_used(std::uint64_t offset, std::uint64_t size) {
    if (size == 0) return;
    used_.push_back({offset, size});
  }

  void free_until(std::uint64_t offset, std::uint64_t size) {
    if (used_.size() + 1 >= limit_) full_ = true;
    if (full_) return;
    add_used(at_, offset - at_);
    at_ = offset + size;
  }

  const xfs_geometry& geometry_;
  std::size_t limit_;
  const xfs_group* group_ = nullptr;
  std::uint64_t reach_ = 0;  // end of the group's last free extent, in blocks
  std::uint64_t sum_ = 0;
  std::uint64_t longest_ = 0;
  std::uint64_t digest_ = 0;
  std::uint64_t at_ = 0;  // all before this, in bytes, is known
  bool full_ = false;
  range_list used_;
};

}  // namespace

result<xfs_group> read_group(const xfs_geometry& g, io::unaligned_reader& reader, std::uint32_t number) {
  buffer heads(std::size_t{3} * g.sector_size);
  CHECK(within(fmt::format("group {}", number), reader.read(g.place_of(number, 0), heads.span())));
  const auto sector = [&](std::size_t n) { return heads.view().subspan(n * g.sector_size, g.sector_size); };
  xfs_group group;
  group.number = number;
  group.length = g.blocks_of(number);
  group.space = read_struct<xfs_agf>(sector(1));
  group.inodes = read_struct<xfs_agi>(sector(2));
  CHECK(check_copy(g, sector(0), number));
  CHECK(check_head(g, group.space, sector(1), number, "free space"));
  CHECK(check_head(g, group.inodes, sector(2), number, "inodes"));
  return group;
}

result<xfs_free_space> read_used_space(const xfs_geometry& g, io::unaligned_reader& reader, std::size_t range_limit) {
  used_collector collector(g, range_limit);
  xfs_tree_walk walk(g, reader);
  range_list own{g.log};
  for (std::uint32_t number = 0; number < g.ag_count; ++number) {
    TRY(const auto group, read_group(g, reader, number));
    collector.begin(group);
    CHECK(walk.run(
        free_space_tree(g, number), {group.space.roots[0].value()}, group.space.levels[0].value(),
        [&](byte_view records) { return collector.add_free(records); },
        [&](std::uint64_t place) {
          own.push_back({place, g.block_size});
        }));
    CHECK(collector.end());
    if (own.size() > most_tree_blocks) return xfs_doubt("its trees of free space are too large");
    if (g.checksums) continue;
    CHECK(walk.run(free_size_tree(g, number), {group.space.roots[1].value()}, group.space.levels[1].value(),
                   [&](byte_view records) { return collector.compare(records); }));
    CHECK(collector.end_comparison());
  }
  auto space = collector.take();
  const auto root = g.place_of_inode(g.root_inode);
  if (!root) return xfs_doubt("place of the root folder");
  own.push_back({*root, g.inode_size});
  normalise(own);
  if (!subtract(own, space.used).empty())
    return xfs_doubt("its free space overlaps with the log, its own tree or the root folder");
  return space;
}

}  // namespace umbra::fs
