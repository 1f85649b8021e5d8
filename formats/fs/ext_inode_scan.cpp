// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_inode_scan.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "formats/fs/ext_volume.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t scan_buffer = 512 << 10;

struct close_scan {
  void operator()(ext2_inode_scan scan) const { ext2fs_close_inode_scan(scan); }
};
using scan_handle = std::unique_ptr<ext2_struct_inode_scan, close_scan>;

class ignored_checksums {
 public:
  ignored_checksums(ext2_filsys fs, bool wanted) : fs_(fs), before_(fs->flags) {
    if (wanted) fs_->flags |= EXT2_FLAG_IGNORE_CSUM_ERRORS;
  }
  ignored_checksums(const ignored_checksums&) = delete;
  ignored_checksums& operator=(const ignored_checksums&) = delete;
  ~ignored_checksums() { fs_->flags = before_; }

 private:
  ext2_filsys fs_;
  int before_;
};

}  // namespace

std::string scan_ext_inodes(ext2_filsys fs, bool trusting, const ext_inode_visit& visit) {
  const ignored_checksums ignored(fs, trusting);
  ext2_inode_scan raw = nullptr;
  const auto blocks = static_cast<int>(std::max<std::uint64_t>(scan_buffer / fs->blocksize, 1));
  if (const auto code = ext2fs_open_inode_scan(fs, blocks, &raw)) return words_of(code);
  const scan_handle scan(raw);
  std::string missed;
  for (std::uint64_t n = 0; n <= fs->super->s_inodes_count; ++n) {
    ext2_ino_t number = 0;
    ext2_inode inode;
    const auto code = ext2fs_get_next_inode(scan.get(), &number, &inode);
    if (code == EXT2_ET_BAD_BLOCK_IN_INODE_TABLE || code == EXT2_ET_INODE_CSUM_INVALID) {
      missed = fmt::format("inode {}: {}", number, words_of(code));
      continue;
    }
    if (code != 0) return fmt::format("inode {}: {}", number, words_of(code));
    if (number == 0 || !visit(number, inode)) break;
  }
  return missed;
}

}  // namespace umbra::fs
