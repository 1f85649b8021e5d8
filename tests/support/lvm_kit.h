// SPDX-License-Identifier: GPL-3.0-or-later
// Physical volumes of LVM in memory, with any text: groups that LVM itself makes only with the kernel's device-mapper.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "engine/base/bytes.h"

namespace umbra::test {

constexpr std::string_view lvm_id = "KmXIcV-CWhK-k2UT-e270-K4LF-oM7J-T9EKd9";
constexpr std::uint64_t lvm_area = 4096;         // of text, to the first extent
constexpr std::uint64_t lvm_extents = 64 << 10;  // where they begin
constexpr std::uint64_t lvm_extent_size = 64 << 10;

inline std::uint32_t lvm_crc(byte_view bytes) {
  std::uint32_t crc = 0xf597a6cf;
  for (const auto b : bytes) {
    crc ^= std::to_integer<std::uint32_t>(b);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
  }
  return crc;
}

inline void put(std::vector<std::byte>& to, std::uint64_t offset, std::uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) to[static_cast<std::size_t>(offset) + i] = static_cast<std::byte>(value >> 8 * i & 0xff);
}

inline void put(std::vector<std::byte>& to, std::uint64_t offset, std::string_view text) {
  if (!text.empty()) std::memcpy(to.data() + offset, text.data(), text.size());
}

inline void seal_lvm_label(std::vector<std::byte>& volume) {
  put(volume, 512 + 16, lvm_crc(byte_view(volume).subspan(512 + 20, 492)), 4);
}

inline void seal_lvm_area(std::vector<std::byte>& volume, std::uint64_t area = lvm_area) {
  put(volume, area, lvm_crc(byte_view(volume).subspan(static_cast<std::size_t>(area) + 4, 508)), 4);
}

// An area for text with this text at `offset` in it; it may go round.
inline void put_lvm_area(std::vector<std::byte>& volume, std::string_view text, std::uint64_t area, std::uint64_t size,
                         std::uint64_t offset) {
  put(volume, area + 4, " LVM2 x[5A%r0N*>");
  put(volume, area + 20, 1, 4);
  put(volume, area + 24, area, 8);
  put(volume, area + 32, size, 8);
  if (!text.empty()) {
    put(volume, area + 40, offset, 8);
    put(volume, area + 48, text.size(), 8);
    put(volume, area + 56, lvm_crc(as_bytes(text)), 4);
  }
  const auto straight = std::min<std::uint64_t>(text.size(), size - offset);
  put(volume, area + offset, text.substr(0, straight));
  put(volume, area + 512, text.substr(straight));
  seal_lvm_area(volume, area);
}

inline std::vector<std::byte> lvm_physical(std::string_view text, std::uint64_t size = 4 << 20,
                                           std::uint64_t text_offset = 1024) {
  std::vector<std::byte> volume(size);
  put(volume, 512, "LABELONE");
  put(volume, 512 + 8, 1, 8);
  put(volume, 512 + 20, 32, 4);
  put(volume, 512 + 24, "LVM2 001");
  std::string plain(lvm_id);
  std::erase(plain, '-');
  put(volume, 512 + 32, plain);
  put(volume, 512 + 64, size, 8);
  put(volume, 512 + 72, lvm_extents, 8);
  put(volume, 512 + 104, lvm_area, 8);
  put(volume, 512 + 112, lvm_extents - lvm_area, 8);
  seal_lvm_label(volume);
  put_lvm_area(volume, text, lvm_area, lvm_extents - lvm_area, text_offset);
  return volume;
}

// A logical volume of segments as given.
inline std::string lvm_logical(std::string_view name, const std::vector<std::string>& segments,
                               std::string_view status = R"("READ", "WRITE", "VISIBLE")") {
  auto text = fmt::format("{} {{\nid = \"x\"\nstatus = [{}]\nsegment_count = {}\n", name, status, segments.size());
  for (std::size_t i = 0; i < segments.size(); ++i) text += fmt::format("segment{} {{\n{}\n}}\n", i + 1, segments[i]);
  return text + "}\n";
}

inline std::string lvm_linear(std::uint64_t start, std::uint64_t count, std::uint64_t at, std::string_view where = "pv0") {
  return fmt::format("start_extent = {}\nextent_count = {}\ntype = \"striped\"\nstripe_count = 1\nstripes = [\n\"{}\", {}\n]",
                     start, count, where, at);
}

// A group of two physical volumes, this one and another one.
inline std::string lvm_text(std::string_view logical, std::uint64_t extents = 60) {
  return fmt::format(R"(vg {{
id = "y"
seqno = 7 # "counted"
extent_size = {}
status = ["RESIZEABLE", "READ", "WRITE"]
physical_volumes {{
pv0 {{
id = "{}"
device = "/dev/a \"quoted\" # name"
pe_start = {}
pe_count = {}
}}
pv1 {{
id = "another"
pe_start = 2048
pe_count = 100
}}
}}
logical_volumes {{
{}}}
}}
contents = "Text Format Volume Group"
version = 1
creation_time = 1795640503 # a comment
)",
                     lvm_extent_size / 512, lvm_id, lvm_extents / 512, extents, logical);
}

}  // namespace umbra::test
