// SPDX-License-Identifier: GPL-3.0-or-later
// The checkpoint: a record between segments that names the segments since the checkpoint before it. From the footer's pointer the
// chain leads back to all mini-indexes without reading the pack; a torn pack keeps all but the last.
#pragma once

#include <span>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "formats/native/layout.h"

namespace umbra::native {

struct segment_place {
  std::uint64_t offset = 0;             // of the first record
  std::uint64_t mini_index_offset = 0;  // of the mini-index record's header
  std::uint32_t mini_index_size = 0;    // its stored size
  std::uint32_t record_count = 0;       // records that the mini-index lists
  bool operator==(const segment_place&) const = default;
};

struct checkpoint {
  std::uint64_t previous = 0;  // 0: none
  std::uint32_t first_segment = 0;
  std::vector<segment_place> segments;
};

constexpr std::size_t max_checkpoint_segments = (max_plain - sizeof(checkpoint_header)) / sizeof(checkpoint_entry);

std::vector<std::byte> encode_checkpoint(std::uint64_t previous, std::uint32_t first_segment,
                                         std::span<const segment_place> segments);

// `own_offset` is where the checkpoint record lies: everything it names lies before, the previous checkpoint before its first
// segment, segments in order. There is at least one. errc::decode.
result<checkpoint> decode_checkpoint(byte_view bytes, std::uint64_t own_offset);

}  // namespace umbra::native
