// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes, sealed, as a manifest: an error, or a manifest that encodes to bytes that decode to the same.
#include <algorithm>
#include <cstdlib>

#include "formats/native/manifest.h"
#include "formats/native/page_bytes.h"

namespace {

// The length and the seal would stop every mutation: they are put right first.
std::vector<std::byte> sealed(umbra::byte_view bytes) {
  using namespace umbra;
  std::vector<std::byte> out(bytes.begin(), bytes.end());
  if (out.size() < sizeof(native::manifest_header) + seal::size) return out;
  auto header = read_struct<native::manifest_header>(out);
  header.size = static_cast<std::uint32_t>(out.size());
  std::copy_n(bytes_of(header).begin(), sizeof(header), out.begin());
  const seal right = seal_of(byte_view(out).first(out.size() - seal::size));
  std::copy(right.bytes.begin(), right.bytes.end(), out.end() - seal::size);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace umbra;
  const byte_view raw{reinterpret_cast<const std::byte*>(data), size};
  if (native::decode_manifest(raw)) {
    if (size < sizeof(native::manifest_header) + seal::size) std::abort();
  }
  const auto m = native::decode_manifest(sealed(raw));
  if (!m) return 0;
  const content_hasher hasher{content_key{}};
  const auto again = native::encode(m.value(), hasher);
  if (again.size() != size) std::abort();
  const auto back = native::decode_manifest(again);
  if (!back || native::encode(back.value(), hasher) != again) std::abort();
  return 0;
}
