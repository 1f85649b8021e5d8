// SPDX-License-Identifier: GPL-3.0-or-later
// What an ext2, ext3 or ext4 file system uses of its volume, read through libext2fs without mounting it.
#pragma once

#include <cstddef>
#include <optional>

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/plan/allocation_map.h"

namespace umbra::fs {

struct ext_options {
  bool files = true;                        // tell where files lie (costs a walk over the inode tables)
  std::size_t file_extent_limit = 4 << 20;  // beyond that many the files found so far are told
  std::size_t used_range_limit = 4 << 20;   // beyond that many the rest of the volume counts as used
};

// Nothing if there is no ext superblock. Otherwise `used` holds what the block bitmaps claim, the file system's own structures
// wherever they lie, the first 2 KiB, and what lies behind the file system; when anything is in doubt (not cleanly
// unmounted, a journal to replay, a wrong checksum or count, an unknown feature, an unreadable structure) the whole volume,
// with a note that says why. Offsets are relative to `volume`. Never writes. Fails only when the superblock's place cannot be
// read. The first note is one line about the file system: "ext4, 2.1 GiB of 8.0 GiB used".
result<std::optional<plan::allocation>> ext_allocation(io::device& volume, const ext_options& options);

}  // namespace umbra::fs
