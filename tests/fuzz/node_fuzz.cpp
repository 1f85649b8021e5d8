// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a node: an error, or valid children that encode to as many bytes that decode to the same.
#include <algorithm>
#include <cstdlib>

#include "formats/native/map_page.h"
#include "formats/native/page_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace umbra;
  const byte_view bytes{reinterpret_cast<const std::byte*>(data), size};
  std::uint8_t level = 1;
  std::uint64_t first_region = 0;
  std::uint64_t children = 1;
  if (size >= sizeof(native::node_header)) {
    const auto header = read_struct<native::node_header>(bytes);
    level = std::clamp<std::uint8_t>(header.level.value(), 1, 5);
    first_region = header.first_region.value();
    children = header.child_count.value();
  }
  const auto n = native::decode_node(bytes, level, first_region, children);
  if (!n) return 0;
  for (const native::page_pointer& p : n.value().children)
    if (!native::is_valid(p, static_cast<std::uint8_t>(level - 1))) std::abort();
  const auto again = native::encode_node(n.value());
  if (again.size() != size) std::abort();
  const auto back = native::decode_node(again, level, first_region, children);
  if (!back || back.value().children != n.value().children) std::abort();
  return 0;
}
