// SPDX-License-Identifier: GPL-3.0-or-later
// Every structure of format version 1 as it lies on disk. The specification is docs/formats/native-v1.md; a test compares its
// byte tables with the field tables of layout_fields.h, and golden images pin both. Little endian throughout.
// Reserved bytes are written as zeros and ignored by readers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/base/wire.h"

namespace umbra::native {

using wire::i64;
using wire::u16;
using wire::u32;
using wire::u64;
using wire::u8;

constexpr std::uint16_t version_major = 1;
constexpr std::uint16_t version_minor = 0;
constexpr std::uint32_t writer_build = 1;  // raised whenever the writer's output changes; readers may work around a known bug

constexpr std::uint32_t page_size = 4096;
constexpr std::uint32_t record_alignment = 16;
constexpr std::uint32_t segment_target = 4u << 20;  // a segment is closed when it has grown past this
constexpr std::uint32_t max_plain = 16u << 20;      // no record decodes to more
constexpr std::uint32_t max_manifest = 1u << 30;
constexpr std::uint32_t min_block_size = 4096;
constexpr std::uint32_t max_block_size = 4u << 20;
constexpr std::uint32_t node_fanout = 256;
constexpr std::uint32_t sector = 512;  // unit of starts and lengths in leaves

using magic = std::array<std::uint8_t, 8>;
// High bit, CR LF, ^Z, LF: text-mode and 7-bit damage shows at once.
constexpr magic pack_magic{0x89, 'U', 'M', 'B', '\r', '\n', 0x1a, '\n'};
constexpr magic vault_magic{0x89, 'U', 'M', 'V', '\r', '\n', 0x1a, '\n'};
constexpr magic footer_magic{0xd5, 0x6b, 0xf0, 0x91, 0x2e, 0xc8, 0x07, 0xa3};
constexpr magic data_magic{0xb7, 0x1d, 0xe9, 0x84, 0x52, 0xfc, 0x3a, 0x96};
constexpr magic meta_magic{0xe2, 0x95, 0x4c, 0xd8, 0x0b, 0xa1, 0x7f, 0x63};
constexpr magic leaf_magic{0xc1, 0x38, 0xaf, 0x5d, 0xe6, 0x92, 0x14, 0x8b};
constexpr magic node_magic{0x9c, 0x74, 0x0e, 0xf3, 0xb5, 0x48, 0xda, 0x26};
constexpr magic manifest_magic{0xf8, 0x23, 0xb9, 0x6e, 0x81, 0xd7, 0x5c, 0x40};
constexpr magic object_magic{0xa6, 0xee, 0x17, 0xc2, 0x9b, 0x35, 0x68, 0xf4};
constexpr magic index_magic{0x8d, 0xf1, 0x62, 0xbb, 0x27, 0xe4, 0x59, 0xc0};

// ---- superblock: first 4096 bytes of every pack and the whole of the object "vault" ------------------------------------------
enum class superblock_kind : std::uint32_t { pack = 1, vault = 2 };
enum class feature_word : std::uint8_t { incompat = 0, ro_compat = 1, gc_incompat = 2, compat = 3 };
struct feature_name {  // 32: so that an old reader can print what it lacks
  u8 word;             // feature_word
  u8 bit;              // 0..63
  char name[30];       // ASCII, zero-padded; an empty name ends the table
};
struct superblock {
  magic magic_;
  u16 version_major_;
  u16 version_minor_;
  u32 size;  // 4096
  u32 kind;  // superblock_kind
  u32 writer_build_;
  char writer[32];  // ASCII, zero-padded
  u64 incompat;     // unknown bit: refuse to open
  u64 ro_compat;    // unknown bit: may read, must not add
  u64 gc_incompat;  // unknown bit: may read and add, must not delete
  u64 compat;       // unknown bit: ignore
  std::array<std::byte, 16> domain;
  std::array<std::byte, 16> session;  // pack: who wrote it; vault: zeros
  u32 pack_number;                    // pack: its number in the session; vault: 0
  u32 block_size;                     // largest plain size of a data record
  u32 max_plain_;                     // largest plain size of any record
  u8 id_algorithm;                    // 1 keyed BLAKE3-256 (2 HMAC-SHA-256 is registered, not written yet)
  u8 change_algorithm;                // 1 XXH3-128 with secret
  u8 checksum_algorithm;              // 1 XXH3-64
  u8 reserved0;
  std::array<std::byte, 32> id_key;  // zeros once key slots hold it (a later feature)
  std::array<std::byte, 192> change_secret;
  u64 key_slots_offset;  // 0: none
  u32 key_slots_size;
  u32 reserved1;
  std::array<std::byte, 648> reserved2;
  feature_name features[64];
  std::array<std::byte, 864> reserved3;
  char pointer[128];                // one line of text that names the specification
  std::array<std::byte, 32> seal_;  // BLAKE3-256 of the bytes before
};
static_assert(sizeof(feature_name) == 32);
static_assert(sizeof(superblock) == page_size);
static_assert(offsetof(superblock, domain) == 88);
static_assert(offsetof(superblock, id_key) == 136);
static_assert(offsetof(superblock, features) == 1024);
static_assert(offsetof(superblock, pointer) == 3936);
static_assert(offsetof(superblock, seal_) == 4064);

// ---- record: 96 bytes of header, then stored_size bytes, then zeros to a multiple of 16 --------------------------------------
enum class record_type : std::uint16_t {
  data = 1,  // data_magic; all others meta_magic
  leaf = 2,
  node = 3,
  mini_index = 4,
  checkpoint = 5,
  manifest = 6,
  padding = 7,
  key_slots = 8,  // 8..10 are reserved for later features
  parity = 9,
  refmap = 10,
};
struct record_header {
  magic magic_;
  u16 type;
  u16 header_size;     // 96; a reader skips what it does not know
  u16 flags_required;  // unknown bit: the record cannot be used
  u16 flags_optional;
  u64 sequence;  // number of the record within its pack, from 0
  u32 stored_size;
  u32 plain_size;
  u8 codec;
  u8 cipher;  // 0 none
  u8 id_algorithm;
  u8 session_index;  // 0
  u32 reserved0;
  u64 stored_checksum;  // XXH3-64 of the stored bytes
  u64 pack_tag;         // first 8 bytes of the pack's session: recognises foreign bytes
  u32 reserved1;
  u32 header_crc;  // CRC-32C of: session (16), pack number (4), record offset (8), bytes 0..59, bytes 64..95
  std::array<std::byte, 32> content_id;  // keyed BLAKE3-256 of the plain bytes; zeros for padding
};
static_assert(sizeof(record_header) == 96);
static_assert(offsetof(record_header, stored_checksum) == 40);
static_assert(offsetof(record_header, header_crc) == 60);
static_assert(offsetof(record_header, content_id) == 64);

// ---- mini-index: last record of a segment but for padding; then the segment is padded to 4096 --------------------------------
struct mini_index_header {
  u32 segment;         // number of the segment in the pack, from 0
  u32 count;           // entries that follow
  u64 segment_offset;  // of the segment's first record
};
struct mini_index_entry {
  std::array<std::byte, 32> content_id;
  u64 offset;  // of the record's header in the pack
  u32 stored_size;
  u32 plain_size;
  u16 type;
  u8 codec;
  u8 reserved0;
  u32 reserved1;
};
static_assert(sizeof(mini_index_header) == 16);
static_assert(sizeof(mini_index_entry) == 56);

// ---- checkpoint: every 64 segments and at the pack's end; names the segments since the one before ----------------------------
constexpr std::uint32_t checkpoint_interval = 64;
struct checkpoint_header {
  u64 previous;       // offset of the previous checkpoint's record, 0: none
  u32 first_segment;  // number of the first segment listed
  u32 count;
};
struct checkpoint_entry {
  u64 segment_offset;
  u64 mini_index_offset;  // of the mini-index record's header
  u32 mini_index_size;    // its stored_size
  u32 record_count;
};
static_assert(sizeof(checkpoint_header) == 16);
static_assert(sizeof(checkpoint_entry) == 24);

// ---- footer: last 4096 bytes of a finished pack ------------------------------------------------------------------------------
enum class section_type : std::uint32_t { manifest = 1, key_slots = 2, parity = 3 };
struct footer_section {
  u32 type;    // section_type; unknown ones are skipped
  u32 copy;    // 0, 1: the same bytes stored twice, far apart
  u64 offset;  // of the record's header
  u32 stored_size;
  u32 plain_size;
  u64 reserved;
};
struct footer {
  magic magic_;
  u16 version_major_;
  u16 version_minor_;
  u32 size;  // 4096
  std::array<std::byte, 16> session;
  u32 pack_number;
  u32 section_count;
  u64 pack_size;  // bytes of the whole pack, this footer included
  u64 record_count;
  u64 segment_count;
  u64 last_checkpoint;  // offset of its record, 0: the pack has no segment
  u64 incompat;         // as in the superblock
  u64 ro_compat;
  u64 gc_incompat;
  u64 compat;
  footer_section sections[32];
  std::array<std::byte, 2936> reserved;
  std::array<std::byte, 32> seal_;  // BLAKE3-256 of the bytes before
};
static_assert(sizeof(footer_section) == 32);
static_assert(sizeof(footer) == page_size);
static_assert(offsetof(footer, sections) == 104);
static_assert(offsetof(footer, seal_) == 4064);

// ---- map pages ---------------------------------------------------------------------------------------------------------------
struct pack_ref {  // 24
  std::array<std::byte, 16> session;
  u32 number;
  u32 reserved;
};
struct leaf_header {  // then pack_ref[pack_count], leaf_block[block_count], change[stored_count] (16 bytes each),
  magic magic_;       //      id[stored_count] (32 bytes each)
  u64 region;         // offset in the source / 32 MiB
  u32 region_bytes;   // 32 MiB, or less for the source's last
  u32 pack_count;
  u32 block_count;
  u32 stored_count;  // blocks in state `stored`; the two columns have an entry for each of these, in order
  std::array<std::byte, 32> reserved;
};
struct leaf_block {  // sorted by start, no gaps, no overlap, together they cover the region
  u16 start;         // in units of 512 from the region's start
  u16 length;        // in units of 512, minus one; the source's last unit may be short
  u8 state;          // image::block_state
  u8 reserved0;
  u16 pack;         // index into the page's pack table; stored only
  u64 offset;       // of the record's header in that pack; stored only
  u32 stored_size;  // stored only
  u32 reserved1;
};
struct node_header {  // then pack_ref[pack_count], node_child[child_count]
  magic magic_;
  u8 level;  // 1: children are leaves; n: nodes of level n - 1
  u8 reserved0[3];
  u32 child_count;   // up to 256
  u64 first_region;  // index of the first region below
  u32 pack_count;
  std::array<std::byte, 36> reserved1;
};
enum class child_kind : std::uint8_t { uniform = 0, page = 1 };
struct node_child {
  u8 kind;          // child_kind
  u8 state;         // uniform: image::block_state of everything below (not stored)
  u16 pack;         // page: index into the node's pack table
  u32 stored_size;  // page
  u64 offset;       // page: of the record's header
  u32 plain_size;   // page
  std::array<std::byte, 12> reserved;
  std::array<std::byte, 32> id;  // page: its content id, checked when it is read
};
static_assert(sizeof(pack_ref) == 24);
static_assert(sizeof(leaf_header) == 64);
static_assert(sizeof(leaf_block) == 24);
static_assert(sizeof(node_header) == 64);
static_assert(sizeof(node_child) == 64);

// ---- manifest: object sessions/<session>/plan-<k>, or a manifest record of a single-file image -------------------------------
struct manifest_header {  // then manifest_source[source_count], manifest_pack[pack_count], metadata (JSON), seal (32)
  magic magic_;
  u16 version_major_;
  u16 version_minor_;
  u32 size;  // bytes of the whole manifest, seal included
  u64 incompat;
  u64 ro_compat;
  u64 gc_incompat;
  u64 compat;
  std::array<std::byte, 16> image;   // the session's id
  std::array<std::byte, 16> parent;  // zeros: a full image
  std::array<std::byte, 16> domain;
  i64 created;  // seconds since 1970 UTC; for people
  u32 block_size;
  u32 plan;  // k of plan-<k>; 0 in a single file
  u32 source_count;
  u32 pack_count;
  u32 metadata_size;
  u32 flags;  // bit 0: single-file image
  u64 new_plain_bytes;
  u64 new_stored_bytes;
  std::array<std::byte, 32> root;  // keyed BLAKE3-256 of size, level, root_kind, root_state, root_id of each source, in order
  std::array<std::byte, 80> reserved;
};
struct manifest_source {
  u64 size;
  u32 logical_sector;
  u8 level;       // of the root node, at least 1
  u8 root_kind;   // child_kind
  u8 root_state;  // uniform
  u8 reserved0;
  pack_ref root_pack;  // page
  u64 root_offset;
  u32 root_stored_size;
  u32 root_plain_size;
  std::array<std::byte, 32> root_id;
  u64 stored_bytes;
  u64 zero_bytes;
  u64 unallocated_bytes;
  u64 unreadable_bytes;
  u64 excluded_bytes;
  std::array<std::byte, 64> reserved1;
};
struct manifest_pack {  // sorted by session, number
  std::array<std::byte, 16> session;
  u32 number;
  u32 reserved;
  u64 size;  // bytes of the finished pack; 0 in a single file for itself
};
static_assert(sizeof(manifest_header) == 256);
static_assert(sizeof(manifest_source) == 192);
static_assert(sizeof(manifest_pack) == 32);

// ---- small objects: sessions/<session>/begin, outcome, forgotten; condemned/<epoch> ------------------------------------------
enum class object_kind : std::uint32_t { begin = 1, outcome = 2, forgotten = 3, condemned = 4 };
struct object_header {  // then body, then seal (32) of all before
  magic magic_;
  u16 version_major_;
  u16 version_minor_;
  u32 kind;  // object_kind
  u32 body_size;
  u32 reserved0;
  std::array<std::byte, 16> domain;
  std::array<std::byte, 16> session;  // zeros for condemned
  u64 reserved1;
};
enum class verdict : std::uint32_t { commit = 1, dead = 2 };
struct outcome_body {
  u32 verdict_;                         // verdict
  u32 plan;                             // commit: k of plan-<k>
  std::array<std::byte, 32> plan_seal;  // commit: the manifest's seal
};
// begin: JSON object (name, host, process), for people and for "is a backup of this name running". condemned: pack_ref[].
static_assert(sizeof(object_header) == 64);
static_assert(sizeof(outcome_body) == 40);

// ---- index run: object index/<name>; derived, may be deleted at any time; another version is ignored and rebuilt --------------
constexpr std::uint32_t index_version = 1;
struct index_header {  // page 0; then pack table, entry pages, filter: each starts on a page
  magic magic_;
  u32 version;
  u32 pack_count;  // packs in the table: those whose data records are all in this run or others, then partial_count more
  u64 entry_count;
  u64 pack_table_offset;  // pack_ref[pack_count], then XXH3-64 of them (8)
  u64 entries_offset;     // index_page[]
  u64 page_count;
  u64 filter_offset;  // blocked Bloom filter, 64-byte blocks
  u64 filter_size;    // bytes, a multiple of 64
  std::array<std::byte, 16> domain;
  std::array<std::byte, 32> fingerprint;  // XOR of all content ids: proves a merged run holds its inputs
  u64 filter_checksum;                    // XXH3-64
  u64 page_seed;      // XXH3-64 of pack table and entries, chained: ties pages to this run, makes equal runs equal in name
  u32 partial_count;  // the last packs of the table: some of their data records are here, others in no run yet
  std::array<std::byte, 3932> reserved;
  std::array<std::byte, 32> seal_;
};
struct index_entry {  // sorted by content_id over the whole run
  std::array<std::byte, 32> content_id;
  u64 offset;
  u32 stored_size;
  u32 plain_size;
  u32 pack;  // index into the pack table
  u32 reserved;
};
constexpr std::uint32_t index_page_entries = 72;
struct index_page {  // 4096
  u64 checksum;      // XXH3-64 of bytes 8..4095, seeded with page_seed plus the page's number: checked at every use
  u32 count;
  u32 reserved0;
  index_entry entries[index_page_entries];
  std::array<std::byte, 48> reserved1;
};
static_assert(sizeof(index_header) == page_size);
static_assert(sizeof(index_entry) == 56);
static_assert(sizeof(index_page) == page_size);

}  // namespace umbra::native
