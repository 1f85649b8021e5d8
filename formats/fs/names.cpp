// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/names.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace umbra::fs {
namespace {

constexpr std::uint32_t replacement = 0xfffd;

bool is_high(std::uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low(std::uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

std::uint32_t unit_at(byte_view text, std::size_t index) {
  return std::to_integer<std::uint32_t>(text[2 * index]) | std::to_integer<std::uint32_t>(text[2 * index + 1]) << 8;
}

void add(std::string& out, std::uint32_t c) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

std::string uuid_text(byte_view id) {
  if (id.size() != 16 || std::ranges::all_of(id, [](std::byte b) { return b == std::byte{0}; })) return {};
  const auto hex = to_hex(id);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4), hex.substr(20));
}

std::string label_text(std::string_view fixed) {
  fixed = fixed.substr(0, fixed.find('\0'));
  while (fixed.ends_with(' ')) fixed.remove_suffix(1);
  return std::string(fixed);
}

std::string utf8_of_utf16(byte_view text) {
  std::string out;
  const auto units = text.size() / 2;
  for (std::size_t i = 0; i < units; ++i) {
    auto c = unit_at(text, i);
    if (c == 0) break;
    if (is_high(c) && i + 1 < units && is_low(unit_at(text, i + 1))) {
      c = 0x10000 + ((c - 0xd800) << 10) + (unit_at(text, i + 1) - 0xdc00);
      ++i;
    } else if (is_high(c) || is_low(c)) {
      c = replacement;
    }
    add(out, c);
  }
  return out;
}

}  // namespace umbra::fs
