// SPDX-License-Identifier: GPL-3.0-or-later
// The boot sector of FAT12, FAT16 and FAT32 ("FAT: General Overview of On-Disk Format", Microsoft, 2000; ECMA-107).
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/result.h"
#include "engine/base/wire.h"
#include "engine/plan/formatted_volume.h"
#include "formats/fs/cluster_space.h"

namespace umbra::fs {

struct fat_names {
  wire::u8 drive;
  wire::u8 state;  // bit 0: Linux has it mounted, or had when it stopped
  wire::u8 extended_signature;
  wire::u32 serial;
  char label[11];
  char type[8];  // "FAT16   ", for people
};

// What only FAT32 has.
struct fat_wide_fields {
  wire::u32 fat_sectors;
  wire::u16 flags;  // bit 7: one FAT only is kept up to date, that of bits 0 to 3
  wire::u16 version;
  wire::u32 root_cluster;
  wire::u16 info_sector;
  wire::u16 backup_sector;
  wire::u8 reserved[12];
  fat_names names;
};

struct fat_boot_sector {
  wire::u8 jump[3];
  char maker[8];
  wire::u16 sector_size;
  wire::u8 cluster_sectors;
  wire::u16 reserved_sectors;
  wire::u8 fat_count;
  wire::u16 root_entries;
  wire::u16 sectors_16;
  wire::u8 media;
  wire::u16 fat_sectors_16;
  wire::u16 track_sectors;
  wire::u16 heads;
  wire::u32 hidden_sectors;
  wire::u32 sectors_32;
  union {
    fat_names names;  // FAT12 and FAT16
    fat_wide_fields wide;
  };
  wire::u8 code[420];
  wire::u16 signature;
};
static_assert(sizeof(fat_boot_sector) == 512);
static_assert(offsetof(fat_boot_sector, sectors_32) == 32);
static_assert(offsetof(fat_boot_sector, wide.root_cluster) == 44);
static_assert(offsetof(fat_boot_sector, wide.names) == 64);
static_assert(offsetof(fat_boot_sector, names.type) == 54 && offsetof(fat_boot_sector, wide.names.type) == 82);
static_assert(offsetof(fat_boot_sector, signature) == 510);

struct fat_geometry {
  unsigned bits = 0;      // of an entry: 12, 16 or 32
  std::uint64_t fat = 0;  // place of the first FAT, and the size of each
  std::uint64_t fat_size = 0;
  unsigned fat_count = 0;
  unsigned active = 0;   // the FAT that counts
  bool mirrored = true;  // all are kept alike
  range root;            // FAT12 and FAT16
  std::uint32_t root_cluster = 0;
  cluster_space space;
};

// Whether a sector is such a boot sector at all; there is no magic number, so all fields together must make sense, or the name
// of the format stand at its place.
bool looks_like_fat(const fat_boot_sector& boot);

// "FAT12", "FAT16" or "FAT32".
const char* kind_of(const fat_boot_sector& boot);

// The geometry if it is possible on a volume of this size; else the reason, fit for a note.
result<fat_geometry> check_fat(const fat_boot_sector& boot, std::uint64_t volume_size);

plan::volume_facts facts_of(const fat_boot_sector& boot);

// Whether Linux has left its mark of a volume in use.
bool is_marked_mounted(const fat_boot_sector& boot);

}  // namespace umbra::fs
