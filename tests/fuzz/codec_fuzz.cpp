// SPDX-License-Identifier: GPL-3.0-or-later
// Stored bytes of records come from outside. Input: one byte of codec and mode, three of size, then the bytes: decoded as
// they are into a block of that size, or encoded and decoded back, which must give the same bytes.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "engine/codec/codec.h"

namespace {

using namespace umbra;

void decode_hostile(codec::codec_id id, byte_view stored, std::size_t size) {
  static codec::decoder reused;
  std::vector<std::byte> plain(size);
  const auto with_history = reused.decode(id, stored, plain).has_value();
  codec::decoder fresh;
  std::vector<std::byte> again(size);
  if (fresh.decode(id, stored, again).has_value() != with_history) std::abort();
  if (with_history && plain != again) std::abort();
}

void round_trip(codec::codec_id id, byte_view plain) {
  auto made = codec::make_encoder({id, 0, 1});
  if (made.has_error()) std::abort();
  std::vector<std::byte> stored(plain.size());
  stored.resize(made.value()->encode(plain, stored));
  if (stored.empty()) return;
  if (stored.size() >= plain.size()) std::abort();
  std::vector<std::byte> back(plain.size());
  if (codec::decoder().decode(id, stored, back).has_error()) std::abort();
  if (!std::equal(back.begin(), back.end(), plain.begin(), plain.end())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const auto id = static_cast<umbra::codec::codec_id>(data[0] % 3);
  const bool hostile = (data[0] & 0x80) == 0;
  const std::size_t want = (std::size_t{data[1]} | std::size_t{data[2]} << 8 | std::size_t{data[3]} << 16) % (1U << 18);
  const byte_view rest(reinterpret_cast<const std::byte*>(data) + 4, size - 4);
  if (hostile) {
    decode_hostile(id, rest, want);
  } else {
    round_trip(id, rest);
  }
  return 0;
}
