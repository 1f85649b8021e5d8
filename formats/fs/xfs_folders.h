// SPDX-License-Identifier: GPL-3.0-or-later
// Folders of XFS: the entries of one, and a walk over all paths.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "formats/fs/xfs_inode.h"

namespace umbra::fs {

enum class xfs_entry_kind : std::uint8_t { unknown = 0, file = 1, folder = 2 };  // and others, which nobody here asks for

struct xfs_entry {
  std::string_view name;
  std::uint64_t inode = 0;
  xfs_entry_kind kind = xfs_entry_kind::unknown;  // as the entry says it, where entries do
};

// Reads folders. All of a reader together may have as many blocks as the file system. One thread.
class xfs_folder_reader {
 public:
  using entry_visitor = std::function<result<void>(const xfs_entry&)>;

  xfs_folder_reader(const xfs_geometry& geometry, io::unaligned_reader& reader)
      : geometry_(geometry), reader_(reader), forks_(geometry, reader), blocks_left_(geometry.blocks) {}

  // All entries but "." and ".."; what is not right is an error.
  result<void> run(const xfs_inode& folder, const entry_visitor& visit);

 private:
  result<void> read_short(const xfs_inode& folder, const entry_visitor& visit);
  result<void> read_extent(const xfs_extent& e, const entry_visitor& visit);
  result<void> read_block(const entry_visitor& visit);
  result<void> read_entries(std::size_t begin, std::size_t end, const entry_visitor& visit);
  result<std::size_t> end_of_entries(std::uint32_t magic) const;
  result<void> check_address() const;
  error doubt(const char* why) const;

  const xfs_geometry& geometry_;
  io::unaligned_reader& reader_;
  xfs_fork_reader forks_;
  std::uint64_t blocks_left_;
  std::uint64_t number_ = 0;       // of the present folder
  std::uint64_t reach_ = 0;        // its next block, in file system blocks
  std::vector<std::byte> block_;   // what has come of the present directory block
  std::uint64_t block_place_ = 0;  // where it begins, in bytes of the volume
};

struct xfs_path_visitor {
  // Whether to go into a folder.
  std::function<bool(std::string_view path)> enters;
  // Every entry of a folder that was entered; the answer tells whether to go on.
  std::function<bool(const std::string& path, const xfs_entry& entry)> entry;
};

// From the root on. Each folder once, so that folders which hold each other are no trap; an error when a folder is not right,
// or there are more than memory is good for, or deeper than anybody opens.
result<void> walk_paths(const xfs_geometry& g, io::unaligned_reader& reader, const xfs_path_visitor& visitor);

}  // namespace umbra::fs
