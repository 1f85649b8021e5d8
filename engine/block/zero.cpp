// SPDX-License-Identifier: GPL-3.0-or-later
// Every block read passes here, so a block of data should leave after its first cache line and a block of zeros should cost
// no more than its memory traffic: eight 16-byte lanes are joined before each branch.
#include "engine/block/zero.h"

namespace umbra {
namespace {

using lane = std::uint64_t __attribute__((vector_size(16)));
constexpr std::size_t step = 8 * sizeof(lane);

lane lane_at(const std::byte* bytes) {
  lane value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

// True if the 128 bytes from `bytes` are zero.
bool step_is_zero(const std::byte* bytes) {
  const lane low = lane_at(bytes) | lane_at(bytes + 16) | lane_at(bytes + 32) | lane_at(bytes + 48);
  const lane high = lane_at(bytes + 64) | lane_at(bytes + 80) | lane_at(bytes + 96) | lane_at(bytes + 112);
  const lane all = low | high;
  return (all[0] | all[1]) == 0;
}

bool short_is_zero(byte_view bytes) {
  std::byte all{};
  for (const auto b : bytes) all |= b;
  return all == std::byte{};
}

}  // namespace

bool is_zero(byte_view bytes) noexcept {
  if (bytes.size() < step) return short_is_zero(bytes);
  const auto* const last = bytes.data() + bytes.size() - step;  // overlaps the loop's last step, or is it
  if (!step_is_zero(bytes.data()) || !step_is_zero(last)) return false;
  for (const auto* at = bytes.data() + step; at < last; at += step) {
    if (!step_is_zero(at)) return false;
  }
  return true;
}

}  // namespace umbra
