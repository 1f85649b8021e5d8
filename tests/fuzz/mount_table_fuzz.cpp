// SPDX-License-Identifier: GPL-3.0-or-later
// The texts of /proc/self/mountinfo and /proc/swaps: users choose mount points and sources.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/io/mount_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& mount : umbra::io::parse_mountinfo(text)) {
    // An escape only ever gets shorter.
    if (mount.mount_point.size() > size || mount.option("upperdir").size() > size) std::abort();
  }
  for (const auto& path : umbra::io::parse_swaps(text)) {
    if (path.empty() || path.size() > size) std::abort();
  }
  if (umbra::io::unescape_octal(text).size() > size) std::abort();
  umbra::io::parse_device_number(text);
  return 0;
}
