// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/enum_names.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace umbra::shadow {
namespace {

bool is_single_bit(std::int64_t value) { return value > 0 && (value & (value - 1)) == 0; }

std::optional<std::int64_t> number_in(std::string_view text) {
  if (!text.starts_with("0x")) return std::nullopt;
  std::uint32_t value = 0;
  const auto end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data() + 2, end, value, 16);
  if (problem != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::string bits_in(std::span<const enum_entry> table, std::int64_t value) {
  std::string text;
  auto rest = value;
  for (const auto& e : table) {
    if (!is_single_bit(e.value) || (rest & e.value) == 0) continue;
    text += text.empty() ? "" : "|";
    text += e.name;
    rest &= ~e.value;
  }
  if (rest != 0) text += fmt::format("{}0x{:x}", text.empty() ? "" : "|", rest);
  return text;
}

}  // namespace

std::string name_in(std::span<const enum_entry> table, std::int64_t value, bool bits) {
  const auto found = std::ranges::find(table, value, &enum_entry::value);
  if (found != table.end() && (!bits || value == 0 || is_single_bit(value))) return std::string(found->name);
  return bits ? bits_in(table, value) : fmt::format("unknown({})", value);
}

std::optional<std::int64_t> value_in(std::span<const enum_entry> table, std::string_view name, bool bits) {
  const auto found = std::ranges::find(table, name, &enum_entry::name);
  if (found != table.end()) return found->value;
  if (!bits) return std::nullopt;
  std::int64_t value = 0;
  while (!name.empty()) {
    const auto bar = name.find('|');
    const auto one = name.substr(0, bar);
    const auto known = std::ranges::find(table, one, &enum_entry::name);
    const auto part = known != table.end() ? std::optional(known->value) : number_in(one);
    if (!part) return std::nullopt;
    value |= *part;
    if (bar == std::string_view::npos) return value;
    name.remove_prefix(bar + 1);
  }
  return std::nullopt;
}

}  // namespace umbra::shadow
