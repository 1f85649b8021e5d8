// SPDX-License-Identifier: GPL-3.0-or-later
// The boot region of exFAT ("exFAT file system specification", Microsoft, 2019): twelve sectors, and a copy behind them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/result.h"
#include "engine/base/wire.h"
#include "engine/io/unaligned_reader.h"
#include "engine/plan/formatted_volume.h"
#include "formats/fs/cluster_space.h"

namespace umbra::fs {

struct exfat_boot_sector {
  wire::u8 jump[3];
  char name[8];  // "EXFAT   "
  wire::u8 zero[53];
  wire::u64 partition_offset;
  wire::u64 volume_sectors;
  wire::u32 fat_sector;
  wire::u32 fat_sectors;
  wire::u32 heap_sector;
  wire::u32 clusters;
  wire::u32 root_cluster;
  wire::u32 serial;
  wire::u16 revision;
  wire::u16 flags;
  wire::u8 sector_shift;
  wire::u8 cluster_shift;  // sectors
  wire::u8 fat_count;
  wire::u8 drive;
  wire::u8 percent_in_use;
  wire::u8 reserved[7];
  wire::u8 code[390];
  wire::u16 signature;
};
static_assert(sizeof(exfat_boot_sector) == 512);
static_assert(offsetof(exfat_boot_sector, partition_offset) == 64);
static_assert(offsetof(exfat_boot_sector, flags) == 106);
static_assert(offsetof(exfat_boot_sector, percent_in_use) == 112);
static_assert(offsetof(exfat_boot_sector, signature) == 510);

namespace exfat_flags {
constexpr std::uint16_t second_fat = 1, dirty = 2, media_failure = 4;
}

struct exfat_geometry {
  range fat;  // the one that counts
  std::uint32_t root_cluster = 0;
  cluster_space space;
};

bool looks_like_exfat(const exfat_boot_sector& boot);

// The geometry if it is possible on the reader's volume, and the boot region's checksum is right; else the reason, fit for a
// note.
result<exfat_geometry> check_exfat(const exfat_boot_sector& boot, io::unaligned_reader& reader);

// Whether the copy of the boot region has its right checksum.
result<bool> has_good_backup(const exfat_boot_sector& boot, io::unaligned_reader& reader);

// Without the label, which lies in the root directory.
plan::volume_facts facts_of(const exfat_boot_sector& boot);

}  // namespace umbra::fs
