// SPDX-License-Identifier: GPL-3.0-or-later
// Fixed fields of zero-padded ASCII. What is read is printable whatever the bytes were: it ends up on terminals.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

namespace umbra::native {

constexpr char printable(char c) { return c >= ' ' && c <= '~' ? c : '?'; }

// Cuts off what does not fit; the last byte stays zero.
inline void put_text(std::span<char> field, std::string_view text) {
  std::fill(field.begin(), field.end(), '\0');
  const auto fitting = text.substr(0, field.size() - 1);
  std::transform(fitting.begin(), fitting.end(), field.begin(), printable);
}

// Up to the first zero or the field's end.
inline std::string text_field(std::span<const char> field) {
  const auto end = std::find(field.begin(), field.end(), '\0');
  std::string text(field.begin(), end);
  std::transform(text.begin(), text.end(), text.begin(), printable);
  return text;
}

}  // namespace umbra::native
