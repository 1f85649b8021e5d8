// SPDX-License-Identifier: GPL-3.0-or-later
// NTFS on disk: the structures we look at. Facts from the documentation of the Linux-NTFS project (flatcap.github.io/linux-ntfs)
// and from reading volumes made by mkntfs and by Windows.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/wire.h"

namespace umbra::fs {

// The first sector; a copy lies in the sector behind the last one that `sectors` counts.
struct ntfs_boot_sector {
  wire::u8 jump[3];
  char magic[8];  // "NTFS    "
  wire::u16 bytes_per_sector;
  wire::u8 sectors_per_cluster;  // above 0x80: the logarithm of it, negated
  wire::u8 unused[26];
  wire::u64 sectors;  // without the copy of this sector
  wire::u64 mft_cluster;
  wire::u64 mirror_cluster;
  wire::u8 clusters_per_record;  // above 0x7f: the logarithm of the bytes in a record, negated
  wire::u8 unused_2[3];
  wire::u8 clusters_per_index;
  wire::u8 unused_3[3];
  wire::u64 serial;
  wire::u8 boot_code[430];
  wire::u16 end_mark;  // 0xaa55
};
static_assert(sizeof(ntfs_boot_sector) == 512);
static_assert(offsetof(ntfs_boot_sector, sectors) == 40);
static_assert(offsetof(ntfs_boot_sector, serial) == 72);
static_assert(offsetof(ntfs_boot_sector, end_mark) == 510);

// Before a file record and before a restart page. The last two bytes of every 512 were swapped for a number that must be the same
// in all of them: so a write that was cut short shows.
struct ntfs_protected {
  char magic[4];
  wire::u16 fixups_offset;
  wire::u16 fixups;  // one for every 512 bytes, and the number itself
};
static_assert(sizeof(ntfs_protected) == 8);
constexpr std::size_t ntfs_fixup_stride = 512;

struct ntfs_record_header {
  ntfs_protected guard;  // magic "FILE"
  wire::u64 log_number;
  wire::u16 sequence;  // counts how often the record was given away
  wire::u16 links;
  wire::u16 attributes_offset;
  wire::u16 flags;
  wire::u32 used;
  wire::u32 allocated;
  wire::u64 base;  // reference; 0 in a base record
  wire::u16 next_attribute;
  wire::u8 pad[6];
};
static_assert(sizeof(ntfs_record_header) == 48);
static_assert(offsetof(ntfs_record_header, base) == 32);

namespace ntfs_record_flag {
constexpr std::uint16_t in_use = 1, directory = 2;
}

// References: the record's number, and above it the sequence that it must have.
constexpr std::uint64_t ntfs_number_of(std::uint64_t reference) { return reference & 0xffff'ffff'ffff; }
constexpr std::uint16_t ntfs_sequence_of(std::uint64_t reference) { return static_cast<std::uint16_t>(reference >> 48); }

namespace ntfs_file {
constexpr std::uint64_t mft = 0, mirror = 1, log = 2, volume = 3, root = 5, bitmap = 6, boot = 7, extend = 11, first_free = 16,
                        first_user = 24;
}

enum class ntfs_attribute_type : std::uint32_t {
  attribute_list = 0x20,
  file_name = 0x30,
  volume_name = 0x60,
  volume_information = 0x70,
  data = 0x80,
  end = 0xffffffff,
};

struct ntfs_attribute_header {
  wire::u32 type;
  wire::u32 size;
  wire::u8 non_resident;
  wire::u8 name_length;  // in units of 2 bytes
  wire::u16 name_offset;
  wire::u16 flags;
  wire::u16 instance;
};
static_assert(sizeof(ntfs_attribute_header) == 16);

namespace ntfs_attribute_flag {
constexpr std::uint16_t compressed = 0x00ff, encrypted = 0x4000, sparse = 0x8000;
}

struct ntfs_resident_header {
  wire::u32 value_size;
  wire::u16 value_offset;
  wire::u16 indexed;
};
static_assert(sizeof(ntfs_resident_header) == 8);

struct ntfs_non_resident_header {
  wire::u64 first_vcn;
  wire::u64 last_vcn;
  wire::u16 runs_offset;
  wire::u8 compression_unit;
  wire::u8 unused[5];
  wire::u64 allocated;  // this and the next two only where first_vcn is 0
  wire::u64 size;
  wire::u64 initialised;  // what lies behind reads as zeros
};
static_assert(sizeof(ntfs_non_resident_header) == 48);

struct ntfs_list_entry {
  wire::u32 type;
  wire::u16 size;
  wire::u8 name_length;
  wire::u8 name_offset;
  wire::u64 first_vcn;
  wire::u64 record;  // reference
  wire::u16 instance;
};
static_assert(sizeof(ntfs_list_entry) == 26);

struct ntfs_file_name {
  wire::u64 parent;  // reference
  wire::u64 times[4];
  wire::u64 allocated;
  wire::u64 size;
  wire::u32 attributes;
  wire::u32 reparse;
  wire::u8 name_length;  // in units of 2 bytes; the name follows
  wire::u8 name_space;
};
static_assert(sizeof(ntfs_file_name) == 66);
static_assert(offsetof(ntfs_file_name, name_length) == 64);
constexpr std::uint32_t ntfs_name_of_directory = 0x10000000;  // in `attributes`
constexpr std::uint8_t ntfs_dos_name = 2;                     // in `name_space`: the short one of two names

struct ntfs_volume_information {
  wire::u64 unused;
  wire::u8 major;
  wire::u8 minor;
  wire::u16 flags;
};
static_assert(sizeof(ntfs_volume_information) == 12);

namespace ntfs_volume_flag {
constexpr std::uint16_t dirty = 0x1, resize_log = 0x2, upgrade = 0x4, mounted_on_nt4 = 0x8, deleting_journal = 0x10,
                        repair_ids = 0x20, check_running = 0x4000, modified_by_check = 0x8000;
}

// $LogFile begins with two of these, written in turn.
struct ntfs_restart_page {
  ntfs_protected guard;  // magic "RSTR", or "CHKD" after a check by Windows
  wire::u64 check_number;
  wire::u32 system_page;
  wire::u32 log_page;
  wire::u16 area_offset;
  wire::u16 minor;
  wire::u16 major;
};
static_assert(sizeof(ntfs_restart_page) == 30);

struct ntfs_restart_area {
  wire::u64 log_number;  // the newer page has the higher one
  wire::u16 clients;
  wire::u16 free_clients;
  wire::u16 used_clients;  // 0xffff: none
  wire::u16 flags;
};
static_assert(sizeof(ntfs_restart_area) == 16);
constexpr std::uint16_t ntfs_no_client = 0xffff;
constexpr std::uint16_t ntfs_log_clean = 2;

}  // namespace umbra::fs
