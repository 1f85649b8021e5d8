// SPDX-License-Identifier: GPL-3.0-or-later
// Superblocks: raw, and with the seal made right, so that what stands behind it is reached.
#include <cstdlib>
#include <vector>

#include "formats/native/superblock.h"
#include "tests/support/mend_pack.h"

namespace {

void require(bool held) {
  if (!held) std::abort();
}

void try_decode(umbra::byte_view bytes, umbra::native::superblock_kind kind) {
  using namespace umbra::native;
  const auto decoded = decode_superblock(bytes, kind);
  if (decoded.has_error()) return;
  const auto& info = decoded.assume_value();
  for (const auto what : {intent::read, intent::add, intent::collect}) (void)check_features(info.words, what, bytes).has_error();
  require(info.domain.block_size >= min_block_size && info.domain.block_size <= max_block_size);
  for (const char c : info.writer) require(c >= ' ' && c <= '~');
  // What was read is what would be written, and is read again.
  const auto again = encode(info);
  const auto back = decode_superblock(umbra::bytes_of(again), kind);
  require(back.has_value() && back.assume_value().pack == info.pack && back.assume_value().words == info.words);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using umbra::native::superblock_kind;
  const auto* first = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> bytes(first, first + size);
  for (const auto kind : {superblock_kind::pack, superblock_kind::vault}) try_decode(bytes, kind);
  if (size < umbra::native::page_size) return 0;
  umbra::test::mend_seal(umbra::byte_span(bytes).first(umbra::native::page_size));
  for (const auto kind : {superblock_kind::pack, superblock_kind::vault}) try_decode(bytes, kind);
  return 0;
}
