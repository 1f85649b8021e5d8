// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a list of ranges in text and as a ranges file: an error, or ranges that keep what partial_ranges.h promises and
// come back from both spellings.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>
#include <vector>

#include "engine/base/units.h"
#include "engine/shadow/partial_ranges.h"

namespace {

using namespace umbra;

void check(const std::vector<range>& ranges) {
  std::set<std::uint64_t> offsets;
  std::uint64_t total = 0;
  for (const auto& r : ranges) {
    if (r.size == 0 || !checked_add(r.offset, r.size)) std::abort();
    // Without overlap they cannot hold more than there is, nor begin twice at one place.
    const auto sum = checked_add(total, r.size);
    if (!sum || !offsets.insert(r.offset).second) std::abort();
    total = *sum;
  }
  const auto file = shadow::decode_ranges(shadow::encode_ranges(ranges));
  if (!file || file.value() != ranges) std::abort();
  if (!ranges.empty()) {
    const auto text = shadow::parse_ranges(shadow::to_text(ranges));
    if (!text || text.value() != ranges) std::abort();
  }
  const auto pairs = shadow::pair_ranges(ranges, ranges);
  if (!pairs || pairs.value().size() != ranges.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto ranges = shadow::parse_ranges(text)) check(ranges.value());
  if (const auto ranges = shadow::decode_ranges(as_bytes(text))) {
    if (shadow::encode_ranges(ranges.value()).size() != size) std::abort();
    check(ranges.value());
  }
  const auto file = shadow::ranges_file_in(text);
  if (file && (file->empty() || file->size() > size)) std::abort();
  return 0;
}
