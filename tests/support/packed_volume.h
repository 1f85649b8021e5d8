// SPDX-License-Identifier: GPL-3.0-or-later
// Small files for large volumes, made by tests/support/pack_volume.py: what of them holds anything.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/wire.h"

namespace umbra::test {

// How many units of 16 bytes the volume has; then pieces: where a piece begins, how many units it has and, if all of their bytes
// are the same, which one that is, else the bytes. All other units are zeros.
struct packed_piece {
  wire::u32 first;
  wire::u16 count;
  wire::u8 same;
  wire::u8 byte;
};
static_assert(sizeof(packed_piece) == 8);

// Whatever is packed: at most 16 MiB come out, and what does not fit is left out.
inline std::vector<std::byte> unpack_volume(byte_view packed) {
  constexpr std::size_t unit = 16;
  constexpr std::uint32_t most = 1 << 20;
  if (packed.size() < sizeof(wire::u32)) return {};
  std::vector<std::byte> volume(unit * std::min(read_struct<wire::u32>(packed).value(), most));
  packed = packed.subspan(sizeof(wire::u32));
  while (packed.size() > sizeof(packed_piece)) {
    const auto piece = read_struct<packed_piece>(packed);
    packed = packed.subspan(sizeof(packed_piece));
    const auto offset = std::min<std::size_t>(unit * piece.first.value(), volume.size());
    const auto size = std::min<std::size_t>(unit * piece.count.value(), volume.size() - offset);
    const auto out = byte_span(volume).subspan(offset, size);
    if (piece.same.value() != 0) {
      std::ranges::fill(out, std::byte{piece.byte.value()});
      continue;
    }
    const auto in = packed.first(std::min(size, packed.size()));
    std::ranges::copy(in, out.begin());
    packed = packed.subspan(in.size());
  }
  return volume;
}

// A seed of the fuzz targets, unpacked: "ntfs/files_512". Needs umbra_test_support.
std::vector<std::byte> seed_volume(const std::string& name);

}  // namespace umbra::test
