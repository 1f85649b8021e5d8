// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/layout_bar.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "cli/printable.h"

namespace umbra::cli {
namespace {

struct look {
  const char* begin;
  const char* end;  // of each segment
  const char* used;
  const char* free;
  const char* unknown;
};
constexpr look blocks{"▕", "▏", "█", "░", "▒"};
constexpr look ascii{"|", "|", "#", "-", "="};

// A partition, or what lies between two.
struct segment {
  std::uint64_t size = 0;
  bool is_volume = false;
  std::vector<std::string> labels;  // the longest first
  std::optional<std::uint64_t> used;
  std::size_t least = 0;  // columns, the last of them its end
  double ideal = 0;
  std::size_t columns = 0;
};

std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

// Letters that surely take one column each: up to U+02FF.
bool is_narrow(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0xcc; });
}

std::string shown(const std::string& text, bool utf8) {
  auto clean = printable(text);
  const bool fits_locale = utf8 || std::ranges::all_of(clean, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return fits_locale && is_narrow(clean) ? clean : std::string();
}

std::vector<std::string> labels_of(const registry::layout_region& r, const table::partition_table& table, bool utf8) {
  std::string number;
  std::string name;
  if (r.where.kind == table::region_kind::partition) {
    const auto& p = table.partitions[r.where.index];
    number = fmt::format("{}", p.number);
    name = shown(p.name, utf8);
  }
  std::string kind;
  if (r.content) {
    if (const auto label = shown(r.content->label, utf8); !label.empty()) name = label;
    kind = shown(r.content->kind, utf8);
  }
  std::vector<std::string> labels;
  const auto add = [&](std::initializer_list<std::string> words) {
    std::string label;
    for (const auto& w : words) {
      if (w.empty()) continue;
      if (!label.empty()) label += ' ';
      label += w;
    }
    labels.push_back(std::move(label));
  };
  add({number, name, kind});
  add({number, kind});
  add({number, name});
  add({number});
  std::ranges::stable_sort(labels, std::ranges::greater(), code_points);
  return labels;
}

std::vector<segment> segments_of(const registry::disk_layout& layout, bool utf8) {
  std::vector<segment> list;
  for (const auto& r : layout.regions) {
    const bool volume = r.where.kind == table::region_kind::partition || r.where.kind == table::region_kind::whole;
    if (!volume && !list.empty() && !list.back().is_volume) {
      list.back().size += r.where.size;
      continue;
    }
    segment s;
    s.size = r.where.size;
    s.is_volume = volume;
    if (volume) {
      s.labels = labels_of(r, layout.table, utf8);
      s.least = 2;
      if (r.content) s.used = r.content->used;
    }
    list.push_back(std::move(s));
  }
  return list;
}

// Every segment at least as wide as it must be; the widest pay for that.
bool divide(std::vector<segment>& list, std::uint64_t size, std::size_t columns) {
  std::size_t least = 0;
  std::size_t sum = 0;
  for (auto& s : list) {
    s.ideal = static_cast<double>(s.size) / static_cast<double>(size) * static_cast<double>(columns);
    s.columns = std::max(s.least, static_cast<std::size_t>(s.ideal));
    if (s.columns < 2) s.columns = 0;  // nothing but its own end
    least += s.least;
    sum += s.columns;
  }
  if (list.empty() || least > columns || sum == 0) return false;
  const auto spare = [](const segment& s) { return s.columns > s.least ? s.columns : 0; };
  for (; sum > columns; --sum) --std::ranges::max_element(list, {}, spare)->columns;
  const auto lack = [](const segment& s) { return s.columns == 0 ? -1e9 : s.ideal - static_cast<double>(s.columns); };
  for (; sum < columns; ++sum) ++std::ranges::max_element(list, {}, lack)->columns;
  return true;
}

std::string repeated(const char* text, std::size_t count) {
  std::string out;
  for (; count > 0; --count) out += text;
  return out;
}

std::string drawn(const segment& s, const look& how) {
  if (s.columns == 0) return {};
  auto room = s.columns - 1;
  std::string text;
  for (const auto& label : s.labels) {
    const auto width = code_points(label);
    if (width > room) continue;
    text = label;
    room -= width;
    break;
  }
  if (!s.is_volume) return repeated(" ", room) + how.end;
  if (!text.empty() && room > 0) {
    text += ' ';
    --room;
  }
  if (!s.used) return text + repeated(how.unknown, room) + how.end;
  const auto share = static_cast<double>(*s.used) / static_cast<double>(s.size);
  const auto used = std::min(room, static_cast<std::size_t>(std::ceil(share * static_cast<double>(room))));
  return text + repeated(how.used, used) + repeated(how.free, room - used) + how.end;
}

}  // namespace

std::string layout_bar(const registry::disk_layout& layout, std::size_t columns, bool utf8) {
  const auto& how = utf8 ? blocks : ascii;
  auto list = segments_of(layout, utf8);
  if (columns < 2 || layout.size == 0 || !divide(list, layout.size, columns - 1)) return {};
  std::string line = how.begin;
  for (const auto& s : list) line += drawn(s, how);
  return line;
}

}  // namespace umbra::cli
