// SPDX-License-Identifier: GPL-3.0-or-later
// Btrfs volumes made by mkfs.btrfs, and the words of btrfs inspect-internal about them.
#pragma once

#include <map>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/io/file_device.h"
#include "engine/plan/formatted_volume.h"
#include "formats/fs/btrfs_layout.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {

// Every 512 bytes of a file say which file and where in it: bytes found on the disk tell their place.
std::string btrfs_sector_text(int file, std::uint64_t offset);
// The numbered files that make_btrfs_files() writes, and their sizes.
const std::map<int, std::uint64_t>& btrfs_file_sizes();
void make_btrfs_files(const std::filesystem::path& folder);

// What dump-tree lists, and what is used without being listed: the first MiB, and all between the file system's end and `end`.
range_list btrfs_used_of(const std::string& path, std::uint64_t end);

// The number that dump-super says after `name`.
std::uint64_t btrfs_super_field(const std::string& path, const std::string& name);

class btrfs_made {
 public:
  // Filled with those files, and a folder of 60 small ones. A size below 100M needs "-M".
  btrfs_made(const std::string& options, const std::string& size);

  // "{}" in `command` is the volume's path.
  void run(const std::string& command) const { shell(fmt::format(fmt::runtime(command), path_)); }
  std::unique_ptr<io::device> open(io::open_options::access mode = io::open_options::access::read) const;
  const std::string& path() const { return path_; }
  range_list expected(std::uint64_t end) const { return btrfs_used_of(path_, end); }
  std::uint64_t super_field(const std::string& name) const { return btrfs_super_field(path_, name); }

 private:
  temp_dir dir_;
  std::string path_;
};

// Puts `bytes` at `offset` of a tree block or superblock at `block` of the device, and mends its CRC-32C.
void patch_btrfs_block(io::device& volume, std::uint64_t block, std::size_t size, std::size_t offset, byte_view bytes);
void patch_btrfs_super(io::device& volume, std::size_t offset, byte_view bytes);

// The items of a leaf of a volume whose blocks are 4 KiB, as btrfs_leaf() reads them and put_btrfs_leaf() writes them.
struct btrfs_leaf_item {
  fs::btrfs_key key;
  std::vector<std::byte> bytes;
};
std::vector<btrfs_leaf_item> btrfs_leaf(io::device& volume, std::uint64_t place);
// `header` is the block whose header it begins with; its place, owner and number of items are set, all else is kept.
void put_btrfs_leaf(io::device& volume, std::uint64_t place, std::uint64_t header, std::uint64_t owner,
                    const std::vector<btrfs_leaf_item>& items);

}  // namespace umbra::test
