// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a leaf: an error, or a region that keeps the rules and encodes to as many bytes that decode to the same.
#include <cstdlib>

#include "formats/native/map_page.h"
#include "formats/native/page_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace umbra;
  const byte_view bytes{reinterpret_cast<const std::byte*>(data), size};
  // The place comes from the bytes, so that inputs get past the first checks.
  std::uint64_t index = 0;
  std::uint64_t region_bytes = image::region_size;
  if (size >= sizeof(native::leaf_header)) {
    const auto header = read_struct<native::leaf_header>(bytes);
    index = header.region.value() % (std::uint64_t{1} << 39);
    region_bytes = header.region_bytes.value();
    if (region_bytes < 1 || region_bytes > image::region_size) region_bytes = image::region_size;
  }
  const auto r = native::decode_leaf(bytes, index, region_bytes);
  if (!r) return 0;
  if (!native::broken_rule(r.value()).empty()) std::abort();
  const auto again = native::encode_leaf(r.value());
  if (again.size() != size) std::abort();
  const auto back = native::decode_leaf(again, index, region_bytes);
  if (!back || back.value().blocks != r.value().blocks) std::abort();
  return 0;
}
