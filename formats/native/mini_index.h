// SPDX-License-Identifier: GPL-3.0-or-later
// The mini-index: the record that closes a segment and lists every record of it before itself, of all types but padding.
#pragma once

#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/block/hash.h"
#include "formats/native/layout.h"

namespace umbra::native {

struct segment_record {
  content_id id;
  std::uint64_t offset = 0;
  std::uint32_t stored_size = 0;
  std::uint32_t plain_size = 0;
  record_type type = record_type::data;
  std::uint8_t codec = 0;
  bool operator==(const segment_record&) const = default;
};

struct mini_index {
  std::uint32_t segment = 0;
  std::uint64_t segment_offset = 0;
  std::vector<segment_record> records;  // in order of offset
};

// So that a mini-index is itself a record of legal size.
constexpr std::size_t max_segment_records = (max_plain - sizeof(mini_index_header)) / sizeof(mini_index_entry);

std::vector<std::byte> encode_mini_index(std::uint32_t segment, std::uint64_t segment_offset,
                                         std::span<const segment_record> records);

// `own_offset` is where the mini-index record lies. The records it names must lie in order, without overlap, between the
// segment's beginning and that place; there is at least one. errc::decode.
result<mini_index> decode_mini_index(byte_view bytes, std::uint64_t own_offset);

}  // namespace umbra::native
