// SPDX-License-Identifier: GPL-3.0-or-later
// The geometry of an NTFS volume, from its first sector or from the copy of it at the volume's end.
#pragma once

#include <cstdint>

#include "engine/base/result.h"
#include "engine/io/unaligned_reader.h"

namespace umbra::fs {

// Checked: powers of two within what NTFS knows, places inside the volume.
struct ntfs_geometry {
  std::uint32_t sector = 0;
  std::uint32_t cluster = 0;  // in bytes, as is
  std::uint32_t record = 0;   // a file record
  std::uint64_t sectors = 0;
  std::uint64_t clusters = 0;
  std::uint64_t mft_cluster = 0;
  std::uint64_t mirror_cluster = 0;
  std::uint64_t serial = 0;

  std::uint64_t clusters_end() const { return clusters * cluster; }
  std::uint64_t size() const { return (sectors + 1) * sector; }  // with the copy of the boot sector
};

// True if the first sector has the magic.
result<bool> has_ntfs_boot_sector(io::unaligned_reader& reader);
// errc::decode with the reason if it makes no sense.
result<ntfs_geometry> read_ntfs_boot_sector(io::unaligned_reader& reader);
// The copy in the very last sector, if it belongs to a volume of just this size; errc::decode if there is none.
result<ntfs_geometry> read_ntfs_backup_boot_sector(io::unaligned_reader& reader);

}  // namespace umbra::fs
