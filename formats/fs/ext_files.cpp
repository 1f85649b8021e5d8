// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_files.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "formats/fs/ext_inode_map.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t scan_buffer = 512 << 10;

struct close_scan {
  void operator()(ext2_inode_scan scan) const { ext2fs_close_inode_scan(scan); }
};
using scan_handle = std::unique_ptr<ext2_struct_inode_scan, close_scan>;

bool is_wanted(const ext2_inode& inode) {
  return LINUX_S_ISREG(inode.i_mode) && inode.i_links_count != 0 && !(inode.i_flags & EXT4_INLINE_DATA_FL) &&
         EXT2_I_SIZE(&inode) >= plan::file_extent_minimum;
}

// Adds every inode's extents; answers what kept it from seeing all of them.
std::string scan_inodes(ext2_filsys fs, ext_inode_map& map) {
  // A wrong checksum of an inode could only move cuts.
  fs->flags |= EXT2_FLAG_IGNORE_CSUM_ERRORS;
  ext2_inode_scan raw = nullptr;
  const auto blocks = static_cast<int>(std::max<std::uint64_t>(scan_buffer / fs->blocksize, 1));
  if (const auto code = ext2fs_open_inode_scan(fs, blocks, &raw)) return words_of(code);
  const scan_handle scan(raw);
  const auto first_file = EXT2_FIRST_INO(fs->super);  // below lie the journal, the resize inode and the like
  for (std::uint64_t n = 0; n <= fs->super->s_inodes_count && !map.full(); ++n) {
    ext2_ino_t number = 0;
    ext2_inode inode;
    const auto code = ext2fs_get_next_inode(scan.get(), &number, &inode);
    if (code == EXT2_ET_BAD_BLOCK_IN_INODE_TABLE || code == EXT2_ET_INODE_CSUM_INVALID) continue;
    if (code != 0) return fmt::format("inode {}: {}", number, words_of(code));
    if (number == 0) break;
    if (number >= first_file && is_wanted(inode)) map.add(inode);
  }
  return map.full() ? "too many pieces" : std::string();
}

// Sorts, and cuts away what overlaps or lies outside `used`: a damaged inode must not harm the others' places much.
std::vector<plan::file_extent> tidy(std::vector<plan::file_extent> extents, const range_list& used) {
  std::ranges::sort(extents, {}, &plan::file_extent::offset);
  std::size_t kept = 0;
  std::uint64_t reach = 0;
  auto u = used.begin();
  for (const auto e : extents) {
    const auto begin = std::max(e.offset, reach);
    while (u != used.end() && u->end() <= begin) ++u;
    if (u == used.end()) break;
    const auto from = std::max(begin, u->offset);
    const auto to = std::min(e.end(), u->end());
    if (from >= to) continue;
    extents[kept++] = {from, to - from, e.file_offset + (from - e.offset)};
    reach = to;
  }
  extents.resize(kept);
  return extents;
}

}  // namespace

file_places read_file_places(ext2_filsys fs, io::unaligned_reader& reader, const range_list& used, std::size_t limit) {
  ext_inode_map map(fs, reader, limit);
  file_places places;
  places.shortened = scan_inodes(fs, map);
  places.extents = tidy(map.take(), used);
  return places;
}

}  // namespace umbra::fs
