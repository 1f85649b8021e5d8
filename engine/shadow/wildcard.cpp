// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/wildcard.h"

#include <cstddef>

namespace umbra::shadow {
namespace {

char folded(char c, letter_case letters) {
  if (letters == letter_case::ignored && c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c;
}

// Bytes of the character at `at`; 1 for what is no whole character of UTF-8.
std::size_t character_size(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  std::size_t size = 1;
  if (lead >= 0xC2 && lead < 0xE0) size = 2;
  if (lead >= 0xE0 && lead < 0xF0) size = 3;
  if (lead >= 0xF0 && lead < 0xF5) size = 4;
  if (size > text.size() - at) return 1;
  for (std::size_t i = 1; i < size; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return 1;
  }
  return size;
}

}  // namespace

bool has_wildcard(std::string_view pattern) noexcept { return pattern.find_first_of("*?") != std::string_view::npos; }

// Only the last "*" ever has to give back: what an earlier one could take besides, the last one can take as well.
bool matches_pattern(std::string_view name, std::string_view pattern, letter_case letters) noexcept {
  if (letters == letter_case::ignored && pattern == "*.*") return true;
  constexpr auto none = std::string_view::npos;
  std::size_t n = 0;
  std::size_t p = 0;
  std::size_t star = none;
  std::size_t retry = 0;
  while (n < name.size()) {
    const char wanted = p < pattern.size() ? pattern[p] : '\0';
    if (p < pattern.size() && wanted == '*') {
      star = p++;
      retry = n;
    } else if (p < pattern.size() && wanted == '?') {
      n += character_size(name, n);
      ++p;
    } else if (p < pattern.size() && folded(wanted, letters) == folded(name[n], letters)) {
      ++n;
      ++p;
    } else if (star != none) {
      p = star + 1;
      retry += character_size(name, retry);
      n = retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace umbra::shadow
