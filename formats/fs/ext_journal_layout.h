// SPDX-License-Identifier: GPL-3.0-or-later
// The journal of ext3 and ext4 as it lies on disk: big-endian, unlike all else there (linux/Documentation/filesystems/ext4/
// journal.rst describes it).
#pragma once

#include <cstddef>

#include "engine/base/wire.h"

namespace umbra::fs::jbd2 {

constexpr std::uint32_t magic = 0xc03b3998;

enum block_type : std::uint32_t { descriptor = 1, commit = 2, superblock_1 = 3, superblock_2 = 4, revoke = 5 };

struct block_header {
  wire::be32 magic;
  wire::be32 type;
  wire::be32 sequence;  // of the transaction
};
static_assert(sizeof(block_header) == 12);

struct superblock {
  block_header header;
  wire::be32 block_size;
  wire::be32 length;  // blocks of the journal
  wire::be32 first;   // block of the log
  wire::be32 sequence;
  wire::be32 start;  // block where the log begins, 0 if it is empty
  wire::be32 error;
  wire::be32 compat;
  wire::be32 incompat;
  wire::be32 ro_compat;
  wire::u8 id[16];
  wire::be32 users;
  wire::be32 dynamic_super;
  wire::be32 limits[2];
  wire::u8 checksum_type;
  wire::u8 padding[3];
  wire::be32 fast_commit_blocks;
  wire::be32 head;
  wire::u8 unused[160];
  wire::be32 checksum;
  wire::u8 user_ids[768];
};
static_assert(sizeof(superblock) == 1024);
static_assert(offsetof(superblock, compat) == 36 && offsetof(superblock, id) == 48);
static_assert(offsetof(superblock, checksum_type) == 80 && offsetof(superblock, checksum) == 252);

namespace compat {
constexpr std::uint32_t checksum = 1;  // of whole transactions, before version 2
}
namespace incompat {
constexpr std::uint32_t revoke = 1, bit64 = 2, async_commit = 4, csum_v2 = 8, csum_v3 = 16, fast_commit = 32;
}
constexpr std::uint8_t crc32c_type = 4;
constexpr std::uint32_t default_fast_commit_blocks = 256;

// In descriptor blocks, one for each block that follows. On disk without the last field if block numbers have 32 bits; with two
// bytes more if checksums are of version 2 (which use the field here).
struct tag {
  wire::be32 block_low;
  wire::be16 checksum;
  wire::be16 flags;
  wire::be32 block_high;
};
static_assert(sizeof(tag) == 12);

// With checksums of version 3.
struct tag_3 {
  wire::be32 block_low;
  wire::be32 flags;
  wire::be32 block_high;
  wire::be32 checksum;
};
static_assert(sizeof(tag_3) == 16);

namespace tag_flag {
constexpr std::uint32_t escaped = 1;  // the block begins with the magic, which is left out
constexpr std::uint32_t same_id = 2;  // else 16 bytes of a UUID follow
constexpr std::uint32_t last = 8;
}  // namespace tag_flag

struct commit_block {
  block_header header;
  wire::u8 checksum_type;
  wire::u8 checksum_size;
  wire::u8 padding[2];
  wire::be32 checksum[8];
  wire::be64 seconds;
  wire::be32 nanoseconds;
};
static_assert(sizeof(commit_block) == 60 && offsetof(commit_block, checksum) == 16);

// Followed by numbers of 4 or 8 bytes.
struct revoke_block {
  block_header header;
  wire::be32 bytes;  // of the block that are in use
};
static_assert(sizeof(revoke_block) == 16);

// Little-endian again: a fast commit is a row of these, each with its value behind it.
struct fast_commit_tag {
  wire::u16 tag;
  wire::u16 length;
};
struct fast_commit_head {
  fast_commit_tag tag;
  wire::u32 features;
  wire::u32 sequence;
};
static_assert(sizeof(fast_commit_head) == 12);
constexpr std::uint16_t fast_commit_head_tag = 9;

}  // namespace umbra::fs::jbd2
