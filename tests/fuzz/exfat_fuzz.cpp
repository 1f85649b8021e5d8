// SPDX-License-Identifier: GPL-3.0-or-later
// An exFAT file system comes from outside. Input: a volume, whose boot region gets its right checksum, because mutations would
// not.
#include <vector>

#include "engine/base/wire.h"
#include "engine/io/memory_device.h"
#include "formats/fs/exfat.h"
#include "tests/fuzz/volume_checks.h"

namespace {

constexpr std::size_t sector_shift_offset = 108;

// Flags and the share in use are not summed.
bool is_summed(std::size_t i) { return i != 106 && i != 107 && i != 112; }

void mend(umbra::byte_span volume) {
  using namespace umbra;
  if (volume.size() <= sector_shift_offset) return;
  const auto shift = std::to_integer<unsigned>(volume[sector_shift_offset]);
  if (shift > 12) return;
  const auto sector = std::size_t{1} << shift;
  if (volume.size() < 12 * sector) return;
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 11 * sector; ++i) {
    if (is_summed(i)) sum = (sum << 31 | sum >> 1) + std::to_integer<std::uint32_t>(volume[i]);
  }
  const wire::u32 stored(sum);
  for (std::size_t i = 11 * sector; i + 4 <= 12 * sector; i += 4) {
    std::memcpy(volume.data() + i, &stored, 4);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace umbra;
  const auto* from = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> bytes(from, from + size);
  mend(bytes);
  io::memory_device volume(std::move(bytes));
  const auto found = fs::recognise_exfat(volume).value();
  if (found) fuzz::check_volume(*found, size);
  return 0;
}
