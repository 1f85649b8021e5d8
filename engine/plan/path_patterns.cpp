// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/plan/path_patterns.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace umbra::plan {
namespace {

using letter_case = path_patterns::letter_case;
using names = std::vector<std::string>;

constexpr std::string_view any_depth = "**";

char fold(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool same(char a, char b, letter_case how) { return how == letter_case::folded ? fold(a) == fold(b) : a == b; }

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> list;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    if (slash != 0) list.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return list;
}

// One name against one pattern: on a mismatch the last '*' takes one character more.
bool name_matches(std::string_view pattern, std::string_view name, letter_case how) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_name = 0;
  while (n < name.size()) {
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
    } else if (p < pattern.size() &&
               (escaped ? same(pattern[p + 1], name[n], how) : pattern[p] == '?' || same(pattern[p], name[n], how))) {
      p += escaped ? 2 : 1;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// Which places of `pattern` can be reached after all of `path`: reached[i] says that its first i names took the path.
std::vector<char> walk(const names& pattern, const std::vector<std::string_view>& path, letter_case how) {
  std::vector<char> reached(pattern.size() + 1, 0);
  reached[0] = 1;
  const auto pass_any_depth = [&](std::vector<char>& at) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (at[i] != 0 && pattern[i] == any_depth) at[i + 1] = 1;
    }
  };
  pass_any_depth(reached);
  for (const auto name : path) {
    std::vector<char> next(pattern.size() + 1, 0);
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (reached[i] == 0) continue;
      if (pattern[i] == any_depth) next[i] = 1;
      if (pattern[i] != any_depth && name_matches(pattern[i], name, how)) next[i + 1] = 1;
    }
    pass_any_depth(next);
    reached = std::move(next);
  }
  return reached;
}

}  // namespace

path_patterns::path_patterns(const std::vector<std::string>& patterns) {
  for (const auto& text : patterns) {
    names row;
    if (text.find('/') == std::string::npos && !text.empty()) row.emplace_back(any_depth);
    for (const auto name : split(text)) row.emplace_back(name);
    if (!row.empty()) patterns_.push_back(std::move(row));
  }
}

bool path_patterns::matches(std::string_view path, letter_case how) const {
  const auto parts = split(path);
  return std::ranges::any_of(patterns_, [&](const auto& p) { return walk(p, parts, how).back() != 0; });
}

bool path_patterns::may_match_below(std::string_view folder, letter_case how) const {
  const auto parts = split(folder);
  return std::ranges::any_of(patterns_, [&](const auto& p) {
    const auto reached = walk(p, parts, how);
    // Any place but the end still has a name to take; the end itself takes more only behind "**".
    return std::any_of(reached.begin(), reached.end() - 1, [](char c) { return c != 0; });
  });
}

}  // namespace umbra::plan
