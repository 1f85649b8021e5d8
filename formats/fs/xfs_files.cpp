// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/xfs_files.h"

#include <algorithm>

#include "formats/fs/file_extents.h"
#include "formats/fs/xfs_inode.h"

namespace umbra::fs {
namespace {

class extent_collector {
 public:
  extent_collector(const xfs_geometry& g, io::unaligned_reader& reader, std::size_t limit)
      : geometry_(g), forks_(g, reader), limit_(limit) {}

  // Stops at the limit; a wrong inode could only move cuts, so the rest of it is left out and that is all.
  result<void> add(std::uint64_t number, byte_view bytes) {
    const auto inode = parse_inode(geometry_, bytes, number);
    if (inode.has_error()) return success();
    const auto& i = inode.value();
    if (!i.is_file() || i.realtime || i.links == 0 || i.size < plan::file_extent_minimum) return success();
    first_ = extents_.size();
    const auto outcome = forks_.run(i, i.data, [this](const xfs_extent& e) { return add_extent(e); });
    if (full_) return outcome;
    return success();
  }

  std::vector<plan::file_extent> take() { return std::move(extents_); }

 private:
  result<void> add_extent(const xfs_extent& e) {
    if (e.unwritten) return success();
    const plan::file_extent piece{e.place.offset, e.place.size, e.file_block * geometry_.block_size};
    if (extents_.size() > first_) {
      auto& last = extents_.back();
      if (last.end() == piece.offset && last.file_offset + last.size == piece.file_offset) {
        last.size += piece.size;
        return success();
      }
    }
    if (extents_.size() >= limit_) {
      full_ = true;
      return xfs_doubt("too many pieces");
    }
    extents_.push_back(piece);
    return success();
  }

  const xfs_geometry& geometry_;
  xfs_fork_reader forks_;
  std::size_t limit_;
  std::size_t first_ = 0;  // of the present file
  bool full_ = false;
  std::vector<plan::file_extent> extents_;
};

}  // namespace

xfs_file_places read_xfs_files(const xfs_geometry& g, io::unaligned_reader& reader, const range_list& used, std::size_t limit) {
  extent_collector collector(g, reader, limit);
  xfs_file_places places;
  xfs_inode_visitor visitor;
  visitor.inode = [&](std::uint64_t number, byte_view bytes) { return collector.add(number, bytes); };
  for (std::uint32_t group = 0; group < g.ag_count; ++group) {
    const auto outcome = walk_inodes(g, reader, group, visitor);
    if (outcome.has_error()) places.shortened = outcome.error().message();
  }
  places.extents = tidy_file_extents(collector.take(), used);
  return places;
}

}  // namespace umbra::fs
