// SPDX-License-Identifier: GPL-3.0-or-later
// A FAT file system comes from outside. Input: the beginning of a volume; up to 3 MiB of zeros follow, as many as its boot sector
// claims, because no smaller volume can have FAT16.
#include <algorithm>
#include <vector>

#include "engine/base/wire.h"
#include "engine/io/memory_device.h"
#include "formats/fs/fat.h"
#include "tests/fuzz/volume_checks.h"

namespace {

constexpr std::size_t sectors_offset = 19;
constexpr std::size_t size_limit = 3 << 20;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace umbra;
  const auto* from = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> bytes(from, from + size);
  if (size > sectors_offset + 2) {
    const std::size_t sectors = read_struct<wire::u16>(byte_view(bytes).subspan(sectors_offset, 2)).value();
    bytes.resize(std::max(size, std::min(sectors * 512, size_limit)));
  }
  const auto whole = bytes.size();
  io::memory_device volume(std::move(bytes));
  const auto found = fs::recognise_fat(volume).value();
  if (found) fuzz::check_volume(*found, whole);
  return 0;
}
