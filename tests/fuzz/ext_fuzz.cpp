// SPDX-License-Identifier: GPL-3.0-or-later
// An ext file system comes from outside, and libext2fs reads much of it. Input: a volume. The answer must be ordered and inside
// the volume, and files must lie in what is used.
#include <cstdlib>
#include <vector>

#include "engine/io/memory_device.h"
#include "formats/fs/ext.h"

namespace {

using namespace umbra;

void check(const plan::allocation& map, std::uint64_t size) {
  auto again = map.used;
  normalise(again);
  if (again != map.used || (!again.empty() && again.back().end() > size)) std::abort();
  if (map.notes.empty()) std::abort();
  range_list files;
  std::uint64_t reach = 0;
  for (const auto& f : map.files) {
    if (f.offset < reach || f.size == 0) std::abort();
    reach = f.end();
    files.push_back({f.offset, f.size});
  }
  normalise(files);
  if (!subtract(files, map.used).empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  io::memory_device volume(std::vector<std::byte>(bytes, bytes + size));
  const auto map = fs::ext_allocation(volume, {});
  if (map.has_error()) std::abort();
  if (map.value()) check(*map.value(), size);
  return 0;
}
