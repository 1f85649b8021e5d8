// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/mount_table.h"

#include <algorithm>
#include <charconv>

namespace umbra::io {
namespace {

constexpr std::string_view blanks = " \t\n";

// Calls `take` with each part of `text` between runs of the characters in `separators`.
template <class Take>
void split(std::string_view text, std::string_view separators, Take take) {
  for (std::size_t at = 0; (at = text.find_first_not_of(separators, at)) != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(separators, at), text.size());
    take(text.substr(at, end - at));
    at = end;
  }
}

std::vector<std::string_view> fields_of(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> fields;
  split(text, separators, [&](std::string_view field) { fields.push_back(field); });
  return fields;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number n{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

// 36 35 98:0 /root /mnt rw,noatime shared:1 master:2 - ext4 /dev/sda1 rw,errors=continue
// The number of optional fields before the lone "-" varies.
std::optional<mount_entry> parse_mount(std::string_view line) {
  const auto fields = fields_of(line, blanks);
  const auto dash = std::find(fields.begin() + std::min<std::ptrdiff_t>(6, std::ssize(fields)), fields.end(), "-");
  if (fields.size() < 6 || fields.end() - dash < 3) return std::nullopt;
  const auto id = parse_number<std::uint64_t>(fields[0]);
  const auto device = parse_device_number(fields[2]);
  if (!id || !device) return std::nullopt;

  mount_entry entry;
  entry.id = *id;
  entry.device = *device;
  entry.root = unescape_octal(fields[3]);
  entry.mount_point = unescape_octal(fields[4]);
  entry.type = unescape_octal(dash[1]);
  // An empty source leaves an empty field, which the split does not show.
  const bool has_source = fields.end() - dash > 3;
  if (has_source) entry.source = unescape_octal(dash[2]);
  split(has_source ? dash[3] : dash[2], ",", [&](auto option) { entry.super_options.push_back(unescape_octal(option)); });
  entry.read_only = std::ranges::find(entry.super_options, "ro") != entry.super_options.end();
  return entry;
}

}  // namespace

std::optional<device_number> parse_device_number(std::string_view text) {
  const auto fields = fields_of(text, blanks);
  if (fields.size() != 1) return std::nullopt;
  const auto colon = fields[0].find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto major = parse_number<std::uint32_t>(fields[0].substr(0, colon));
  const auto minor = parse_number<std::uint32_t>(fields[0].substr(colon + 1));
  if (!major || !minor) return std::nullopt;
  return device_number{*major, *minor};
}

std::string unescape_octal(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto code = text.substr(i, 4);
    if (code.size() == 4 && code[0] == '\\' && std::ranges::all_of(code.substr(1), is_octal) && code[1] <= '3') {
      plain += static_cast<char>((code[1] - '0') * 64 + (code[2] - '0') * 8 + (code[3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::string_view mount_entry::option(std::string_view key) const {
  for (const std::string_view o : super_options) {
    if (o.size() > key.size() && o.starts_with(key) && o[key.size()] == '=') return o.substr(key.size() + 1);
  }
  return {};
}

std::vector<mount_entry> parse_mountinfo(std::string_view text) {
  std::vector<mount_entry> entries;
  split(text, "\n", [&](std::string_view line) {
    if (auto entry = parse_mount(line)) entries.push_back(std::move(*entry));
  });
  return entries;
}

std::vector<std::string> parse_swaps(std::string_view text) {
  std::vector<std::string> paths;
  split(text, "\n", [&](std::string_view line) {
    const auto fields = fields_of(line, blanks);
    // The first line is a heading.
    if (fields.size() >= 2 && fields[0].starts_with('/')) paths.push_back(unescape_octal(fields[0]));
  });
  return paths;
}

}  // namespace umbra::io
