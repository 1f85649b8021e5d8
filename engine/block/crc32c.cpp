// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/block/crc32c.h"

#include <boost/crc.hpp>

#include "engine/block/hash.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace umbra {
namespace crc {

std::uint32_t update_portable(std::uint32_t state, byte_view bytes) noexcept {
  // Boost reflects the initial register itself and gives it back reflected, so a running state passes through unchanged
  // only when the initial value is the bit-reversed one: hand it over that way.
  std::uint32_t reversed = 0;
  for (unsigned bit = 0; bit < 32; ++bit) reversed |= ((state >> bit) & 1U) << (31 - bit);
  boost::crc_optimal<32, 0x1EDC6F41, 0, 0, true, true> machine(reversed);
  machine.process_bytes(bytes.data(), bytes.size());
  return machine.checksum();
}

#if defined(__x86_64__)

bool has_hardware() noexcept { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) std::uint32_t update_hardware(std::uint32_t state, byte_view bytes) noexcept {
  std::uint64_t wide = state;
  const auto* at = bytes.data();
  auto left = bytes.size();
  for (; left >= sizeof(std::uint64_t); left -= sizeof(std::uint64_t), at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    wide = _mm_crc32_u64(wide, word);
  }
  state = static_cast<std::uint32_t>(wide);
  for (; left > 0; --left, ++at) state = _mm_crc32_u8(state, std::to_integer<std::uint8_t>(*at));
  return state;
}

#else

bool has_hardware() noexcept { return false; }
std::uint32_t update_hardware(std::uint32_t state, byte_view bytes) noexcept { return update_portable(state, bytes); }

#endif

}  // namespace crc

std::uint32_t crc32c(byte_view a, byte_view b) noexcept {
  static const auto update = crc::has_hardware() ? crc::update_hardware : crc::update_portable;
  return ~update(update(~0U, a), b);
}

}  // namespace umbra
