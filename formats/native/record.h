// SPDX-License-Identifier: GPL-3.0-or-later
// A record's header: made, sealed to its place, and checked.
#pragma once

#include "engine/base/result.h"
#include "engine/base/units.h"
#include "engine/codec/codec.h"
#include "engine/image/block.h"
#include "formats/native/layout.h"

namespace umbra::native {

// A record about to be written. `stored` is read during the call only.
struct record {
  record_type type = record_type::data;
  content_id id;  // keyed hash of the plain bytes
  std::uint32_t plain_size = 0;
  codec::codec_id codec = codec::codec_id::none;
  std::uint64_t checksum = 0;  // XXH3-64 of `stored`
  byte_view stored;
};

// A record of plain bytes, not encoded: map pages, indexes, manifests.
record plain_record(record_type type, const content_hasher& hasher, byte_view plain);

// Header of `r` as it lies at `offset` of `pack`.
record_header encode_header(const record& r, const image::pack_id& pack, std::uint64_t offset, std::uint64_t sequence);

// Bytes a record of this stored size takes in a pack: header, payload and padding to 16.
constexpr std::uint64_t record_extent(std::uint32_t stored_size) {
  return (sizeof(record_header) + std::uint64_t{stored_size} + record_alignment - 1) / record_alignment * record_alignment;
}

struct record_info {
  record_type type = record_type::data;  // may be one that this build has no name for: it can be passed over
  content_id id;
  std::uint64_t sequence = 0;
  std::uint32_t header_size = 0;
  std::uint32_t stored_size = 0;
  std::uint32_t plain_size = 0;
  codec::codec_id codec = codec::codec_id::none;
  std::uint64_t checksum = 0;
  // Like record_extent, for the header size it has.
  std::uint64_t extent() const { return align_up(std::uint64_t{header_size} + stored_size, record_alignment); }
};

// Checks magic against type, crc against place, sizes against limits, flags, codec and cipher. bytes.size() >= 96.
// errc::bad_magic: no record here at all; checksum: damaged, or of another place; unknown_feature; decode.
result<record_info> decode_header(byte_view bytes, const image::pack_id& pack, std::uint64_t offset);

// True if the first 8 bytes are a magic of records. Cheap, for searching.
bool has_record_magic(byte_view bytes);

}  // namespace umbra::native
