// SPDX-License-Identifier: GPL-3.0-or-later
// The last 4096 bytes of a finished pack: its numbers, the way into the checkpoint chain, and named sections.
#pragma once

#include <optional>
#include <vector>

#include "engine/base/result.h"
#include "engine/image/block.h"
#include "formats/native/features.h"
#include "formats/native/layout.h"

namespace umbra::native {

struct pack_section {
  section_type type = section_type::manifest;
  std::uint32_t copy = 0;
  std::uint64_t offset = 0;
  std::uint32_t stored_size = 0;
  std::uint32_t plain_size = 0;
  bool operator==(const pack_section&) const = default;
};

struct footer_info {
  image::pack_id pack;
  std::uint64_t pack_size = 0;  // with this footer
  std::uint64_t record_count = 0;
  std::uint64_t segment_count = 0;
  std::uint64_t last_checkpoint = 0;  // 0: the pack has no segment
  features words;
  std::vector<pack_section> sections;  // of types this build knows
};

constexpr std::size_t max_sections = sizeof(footer::sections) / sizeof(footer_section);

// info.sections.size() <= max_sections.
footer encode(const footer_info& info);

// Checks magic, seal, version, and all numbers against `offset`, the place where the footer lies, and the pack's id and words.
// errc::bad_magic: no footer here; checksum; unsupported_version; decode; damaged: of another pack or another length.
// bytes.size() >= 4096.
result<footer_info> decode_footer(byte_view bytes, const image::pack_id& pack, const features& words, std::uint64_t offset);

bool has_footer_magic(byte_view bytes);

}  // namespace umbra::native
