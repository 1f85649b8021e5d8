// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/signature.h"

#include <algorithm>

#include "engine/base/buffer.h"

namespace umbra::registry {
namespace {

using namespace std::literals;

struct signature {
  std::string_view name;
  std::size_t offset;
  std::string_view magic;
};

constexpr signature signatures[] = {
    {"BitLocker", 3, "-FVE-FS-"sv},
    {"VDO", 0, "dmvdo001"sv},
    {"Linux RAID", 0, "\xfc\x4e\x2b\xa9"sv},
    {"Linux RAID", 4096, "\xfc\x4e\x2b\xa9"sv},
    {"bcache", 4120, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"sv},
    {"F2FS", 1024, "\x10\x20\xf5\xf2"sv},
    {"ISO 9660", 32769, "CD001"sv},
};

constexpr std::uint64_t looked_at = 68 << 10;

}  // namespace

result<std::string_view> foreign_signature(io::device& volume) {
  const auto size = std::min(looked_at, volume.geometry().size);
  buffer memory(static_cast<std::size_t>(size));
  CHECK(volume.read(0, memory.span()));
  const auto text = as_text(memory.view());
  for (const auto& s : signatures) {
    if (s.offset + s.magic.size() <= text.size() && text.substr(s.offset, s.magic.size()) == s.magic) return s.name;
  }
  return std::string_view();
}

}  // namespace umbra::registry
