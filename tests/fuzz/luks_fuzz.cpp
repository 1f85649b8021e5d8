// SPDX-License-Identifier: GPL-3.0-or-later
// A volume encrypted by LUKS comes from outside. Input: a volume.
#include <vector>

#include "engine/io/memory_device.h"
#include "formats/fs/luks.h"
#include "tests/fuzz/volume_checks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace umbra;
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  io::memory_device volume(std::vector<std::byte>(bytes, bytes + size));
  const auto found = fs::recognise_luks(volume).value();
  if (found) fuzz::check_volume(*found, size);
  return 0;
}
