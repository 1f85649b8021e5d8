// SPDX-License-Identifier: GPL-3.0-or-later
// Allocation groups of XFS: their heads, and what of each is free.
#pragma once

#include <cstdint>
#include <vector>

#include "formats/fs/xfs_tree.h"

namespace umbra::fs {

struct xfs_group {
  std::uint32_t number = 0;
  std::uint32_t length = 0;  // blocks
  xfs_agf space;
  xfs_agi inodes;
};

// Reads the heads of a group and checks them: kind, version, number, length, checksum, and that its copy of the superblock is
// of this file system.
result<xfs_group> read_group(const xfs_geometry& g, io::unaligned_reader& reader, std::uint32_t number);

struct xfs_free_space {
  range_list used;        // all bytes of the file system that no group calls free; normalised
  std::string shortened;  // empty, or why the last of them may be less
};

// Walks the free space of all groups by place and checks it: order, bounds, sums, and that neither the log nor the trees'
// own blocks nor the groups' heads are in it.
result<xfs_free_space> read_used_space(const xfs_geometry& g, io::unaligned_reader& reader, std::size_t range_limit);

}  // namespace umbra::fs
