// SPDX-License-Identifier: GPL-3.0-or-later
// An NTFS volume comes from outside. Input: a packed volume, so that a small input holds a whole one.
#include "engine/io/memory_device.h"
#include "formats/fs/ntfs.h"
#include "tests/fuzz/volume_checks.h"
#include "tests/support/packed_volume.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace umbra;
  io::memory_device volume(test::unpack_volume({reinterpret_cast<const std::byte*>(data), size}));
  const auto bytes = volume.geometry().size;
  auto found = fs::recognise_ntfs(volume).value();
  if (!found) found = fs::recognise_ntfs_by_backup(volume).value();
  if (found) fuzz::check_volume(*found, bytes);
  return 0;
}
