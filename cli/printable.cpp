// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/printable.h"

#include <algorithm>
#include <array>

namespace umbra::cli {
namespace {

struct character {
  std::size_t size = 0;  // bytes; 0: not UTF-8
  char32_t code = 0;
};

// The first character of a text that is not empty. Overlong forms, surrogates and what lies beyond Unicode are not UTF-8.
character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {1, byte(0)};
  const std::size_t size = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < size) return {};
  char32_t code = byte(0) & (0x7f >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  if (code < least[size] || surrogate || code > 0x10ffff) return {};
  return {size, code};
}

bool is_harmless(char32_t c) {
  constexpr std::array<std::pair<char32_t, char32_t>, 5> harmful{
      {{0, 0x1f}, {0x7f, 0x9f}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}}};
  return std::ranges::none_of(harmful, [c](const auto& r) { return c >= r.first && c <= r.second; });
}

}  // namespace

std::string printable(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const auto c = first_of(text);
    if (c.size > 0 && is_harmless(c.code)) {
      clean += text.substr(0, c.size);
    } else {
      clean += '?';
    }
    text.remove_prefix(std::max<std::size_t>(1, c.size));
  }
  return clean;
}

bool is_printable(std::string_view text) { return printable(text) == text; }

}  // namespace umbra::cli
