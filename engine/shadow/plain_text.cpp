// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/plain_text.h"

namespace umbra::shadow {
namespace {

constexpr bool continues(unsigned char c) { return (c & 0xC0U) == 0x80U; }

// Bytes of the well-formed UTF-8 sequence at the beginning of `text`; 0: there is none.
std::size_t sequence_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  std::size_t length = 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) length = 2;
  if (first >= 0xE0 && first <= 0xEF) length = 3;
  if (first >= 0xF0 && first <= 0xF4) length = 4;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if (!continues(static_cast<unsigned char>(text[i]))) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool beyond = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || beyond ? 0 : length;
}

}  // namespace

std::string one_line(std::string_view text, std::size_t at_most) {
  constexpr unsigned char last_control = 0x20;
  constexpr unsigned char deletes = 0x7F;
  std::string out;
  bool gap = false;
  while (!text.empty()) {
    const auto length = sequence_length(text);
    const auto first = static_cast<unsigned char>(text[0]);
    const bool is_c1 = length == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
    if ((length == 1 && (first <= last_control || first == deletes)) || is_c1) {
      gap = !out.empty();
    } else {
      if (gap) out += ' ';
      gap = false;
      out += length == 0 ? std::string_view("?") : text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  if (out.size() <= at_most) return out;
  std::size_t cut = out.size() - at_most;
  while (cut < out.size() && continues(static_cast<unsigned char>(out[cut]))) ++cut;
  return "…" + out.substr(cut);
}

}  // namespace umbra::shadow
