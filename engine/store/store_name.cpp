// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <string_view>

#include "engine/store/store.h"

namespace umbra::store {
namespace {

bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'; }

bool is_valid_segment(std::string_view segment) {
  if (segment.empty() || segment.size() > longest_name_segment || segment.front() == '.') return false;
  return std::ranges::all_of(segment, is_name_character);
}

}  // namespace

bool is_valid_name(std::string_view name) noexcept {
  for (std::size_t depth = 1; depth <= deepest_name; ++depth) {
    const auto slash = name.find('/');
    if (!is_valid_segment(name.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace umbra::store
