// SPDX-License-Identifier: GPL-3.0-or-later
// The pieces of a partial file: as text ("0:4096, 0x2000:512", offset and length in bytes, decimal or hexadecimal), or as a
// ranges file (a count, then as many pairs of offset and length, all 64-bit, little-endian).
//
// Ranges keep the order in which they are given: those of a directed target go by pairs. None is empty, none ends beyond 64 bits,
// and no two of a list overlap. Errors carry e_invalidarg.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/block/extent.h"

namespace umbra::shadow {

constexpr std::size_t ranges_limit = 1 << 20;  // in one list

result<std::vector<range>> parse_ranges(std::string_view text);
// "0:4096, 8192:512"
std::string to_text(std::span<const range> ranges);

result<std::vector<range>> decode_ranges(byte_view file);
std::vector<std::byte> encode_ranges(std::span<const range> ranges);

// The path of a ranges file, where a text names one instead of listing ranges: "File=/path", or the path alone.
std::optional<std::string> ranges_file_in(std::string_view text);

// Whether all of them lie in a file of `size` bytes.
result<void> check_ranges(std::span<const range> ranges, std::uint64_t size);

// One piece of a directed target: what lies at `source` in the backup goes to `destination`, as many bytes.
struct directed_range {
  range source;
  range destination;
  bool operator==(const directed_range&) const = default;
};
// Pairs two lists of a directed target; as many ranges on both sides, and each as long as its counterpart.
result<std::vector<directed_range>> pair_ranges(std::span<const range> source, std::span<const range> destination);

}  // namespace umbra::shadow
