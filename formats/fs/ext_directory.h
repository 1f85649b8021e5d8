// SPDX-License-Identifier: GPL-3.0-or-later
// The names in a folder of an ext file system. Folders with an index need no special care: its blocks look like empty ones to
// whoever does not know it.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include <ext2fs/ext2fs.h>

#include "engine/base/result.h"
#include "formats/fs/ext_block_walk.h"

namespace umbra::fs {

enum class ext_entry_kind : std::uint8_t { unknown, file, directory, other };

struct ext_entry {
  ext2_ino_t inode = 0;
  ext_entry_kind kind = ext_entry_kind::unknown;
  std::string_view name;  // the bytes as they are; never empty, "." or ".."
};

// One thread.
class ext_directory_reader {
 public:
  ext_directory_reader(ext2_filsys fs, io::unaligned_reader& reader);

  // All names in the folder, whose parent must be the one given: that keeps a damaged tree from leading in circles. Over all
  // calls together no more blocks are read than the file system has. Anything that does not make sense is an error.
  result<void> read(ext2_ino_t folder, ext2_ino_t parent, const std::function<result<void>(const ext_entry&)>& visit);

  // The inode, whose checksum is verified; the answer is valid until the next call of either function.
  result<const ext2_inode*> inode(ext2_ino_t number);

 private:
  result<void> read_inline(const std::function<result<void>(const ext_entry&)>& visit);
  result<void> read_block(std::uint64_t block);
  // `bytes`: where entries lie, one behind the other.
  result<void> read_entries(byte_view bytes, const std::function<result<void>(const ext_entry&)>& visit);
  result<void> read_entry(const ext_entry& e, const std::function<result<void>(const ext_entry&)>& visit);
  // The value of the attribute that holds the rest of a folder that is kept in its inode.
  byte_view inline_rest() const;
  result<void> count_block();

  ext2_filsys fs_;
  io::unaligned_reader& reader_;
  ext_block_walk walk_;
  std::vector<std::byte> inode_;
  std::vector<std::byte> block_;
  std::uint64_t blocks_left_;
  ext2_ino_t folder_ = 0;
  ext2_ino_t parent_ = 0;
  bool parent_seen_ = false;
};

}  // namespace umbra::fs
