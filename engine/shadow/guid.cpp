// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/guid.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace umbra::shadow {
namespace {

constexpr std::size_t text_size = 36;                               // without braces
constexpr std::array<std::size_t, 4> hyphens_at = {8, 13, 18, 23};  // in that text

bool is_hyphen_at(std::size_t place) { return std::ranges::find(hyphens_at, place) != hyphens_at.end(); }

// The 32 digits; empty if the hyphens are not where they belong.
std::string digits_of(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_hyphen_at(i) != (text[i] == '-')) return {};
    if (text[i] != '-') digits += text[i];
  }
  return digits;
}

}  // namespace

std::string to_string(const guid& id) {
  auto text = to_hex(id.view());
  for (const auto place : hyphens_at) text.insert(place, 1, '-');
  return '{' + text + '}';
}

std::optional<guid> parse_guid(std::string_view text) {
  if (text.size() == text_size + 2 && text.front() == '{' && text.back() == '}') text = text.substr(1, text_size);
  if (text.size() != text_size) return std::nullopt;
  return id_from_hex<guid>(digits_of(text));
}

guid operator""_guid(const char* text, std::size_t size) {
  const auto id = parse_guid({text, size});
  if (!id) std::abort();
  return *id;
}

}  // namespace umbra::shadow
