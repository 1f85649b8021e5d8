// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/disk_identity.h"

#include <algorithm>
#include <vector>

#include "engine/base/units.h"
#include "engine/io/unaligned_reader.h"

namespace umbra::registry {
namespace {

constexpr std::uint64_t head_size = 8_KiB;

bool stands_at(byte_view head, std::size_t offset, std::string_view text) {
  return head.size() >= offset + text.size() && as_text(head.subspan(offset, text.size())) == text;
}

std::string hex_at(byte_view head, std::size_t offset, std::size_t size) {
  if (head.size() < offset + size) return {};
  const auto bytes = head.subspan(offset, size);
  const bool set = std::ranges::any_of(bytes, [](std::byte b) { return b != std::byte{0}; });
  return set ? to_hex(bytes) : std::string();
}

std::string labelled(const char* label, std::string id) { return id.empty() ? id : label + std::move(id); }

}  // namespace

std::string disk_identity(io::device& disk) {
  std::vector<std::byte> head(std::min(head_size, disk.geometry().size));
  if (io::unaligned_reader(disk).read(0, head).has_error()) return {};
  for (const std::size_t sector : {512u, 4096u}) {
    if (stands_at(head, sector, "EFI PART")) return labelled("gpt:", hex_at(head, sector + 56, 16));
  }
  if (stands_at(head, 1024 + 56, "\x53\xef")) return labelled("ext:", hex_at(head, 1024 + 104, 16));
  if (stands_at(head, 510, "\x55\xaa")) return labelled("mbr:", hex_at(head, 440, 4));
  return {};
}

}  // namespace umbra::registry
