// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/file_set.h"

#include <algorithm>

namespace umbra::shadow {
namespace {

std::vector<file_spec> cleaned(std::vector<file_spec> specs) {
  for (auto& s : specs) {
    s.path = file_set::clean(s.path);
    if (!s.alternate_location.empty()) s.alternate_location = file_set::clean(s.alternate_location);
  }
  return specs;
}

bool same_text(std::string_view a, std::string_view b, letter_case letters) {
  if (letters == letter_case::counts) return a == b;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// `folder` is `top`, or lies below it.
bool is_within(std::string_view folder, std::string_view top, letter_case letters) {
  if (folder.size() < top.size() || !same_text(folder.substr(0, top.size()), top, letters)) return false;
  return folder.size() == top.size() || folder[top.size()] == '/';
}

// The bit among the "backup required" ones.
file_spec_backup_type bit_of(backup_type type) {
  switch (type) {
    case backup_type::incremental: return file_spec_backup_type::incremental_backup_required;
    case backup_type::differential: return file_spec_backup_type::differential_backup_required;
    case backup_type::log: return file_spec_backup_type::log_backup_required;
    case backup_type::undefined:
    case backup_type::full:
    case backup_type::copy:
    case backup_type::other: break;
  }
  return file_spec_backup_type::full_backup_required;
}

}  // namespace

file_set::file_set(std::vector<file_spec> included, std::vector<file_spec> excluded, letter_case letters)
    : included_(cleaned(std::move(included))), excluded_(cleaned(std::move(excluded))), letters_(letters) {}

std::string file_set::clean(std::string_view path) {
  std::string out;
  for (std::size_t begin = 0; begin < path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto part = path.substr(begin, end - begin);
    if (!part.empty() && part != ".") out.append("/").append(part);
    begin = end + 1;
  }
  return out;
}

bool file_set::holds(const file_spec& spec, std::string_view folder, std::string_view name) const {
  const bool there = spec.recursive ? is_within(folder, spec.path, letters_) : same_text(folder, spec.path, letters_);
  return there && matches_pattern(name, spec.spec, letters_);
}

bool file_set::is_excluded(std::string_view folder, std::string_view name) const {
  return std::ranges::any_of(excluded_, [&](const file_spec& spec) { return holds(spec, folder, name); });
}

bool file_set::matches(std::string_view path) const {
  const auto full = clean(path);
  const auto cut = full.rfind('/');
  if (cut == std::string::npos) return false;
  const auto folder = std::string_view(full).substr(0, cut);
  const auto name = std::string_view(full).substr(cut + 1);
  const auto in = [&](const file_spec& spec) { return holds(spec, folder, name); };
  return std::ranges::any_of(included_, in) && !is_excluded(folder, name);
}

bool is_wanted(file_spec_backup_type types, backup_type type) { return has(types, bit_of(type)); }

bool needs_snapshot(file_spec_backup_type types, backup_type type) {
  const auto bit = static_cast<std::uint32_t>(bit_of(type)) << 8;
  return has(types, static_cast<file_spec_backup_type>(bit));
}

}  // namespace umbra::shadow
