// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/layout_text.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "cli/printable.h"
#include "cli/size_text.h"

namespace umbra::cli {
namespace {

using registry::content_state;

// One line of the tree and those below it.
struct node {
  std::string number;
  std::array<std::string, 4> sizes;  // begin, size, used, free
  std::string type;
  std::string content;
  std::vector<std::string> notes;
  std::vector<node> below;
};

constexpr std::array<const char*, 4> size_titles{"BEGIN", "SIZE", "USED", "FREE"};

std::string quoted(const std::string& name) { return name.empty() ? name : fmt::format(" \"{}\"", printable(name)); }

std::string describe(const registry::volume_content& content) {
  switch (content.state) {
    case content_state::unknown: return "unknown";
    case content_state::unreadable: return "unreadable";
    case content_state::doubtful: return "doubtful: " + (content.kind.empty() ? "several formats" : printable(content.kind));
    case content_state::marked:
    case content_state::understood: break;
  }
  return printable(content.kind) + quoted(content.label) + (content.id.empty() ? "" : " " + printable(content.id));
}

// Without what the columns say already.
std::vector<std::string> notes_of(const registry::volume_content& content) {
  auto notes = content.notes;
  std::erase_if(notes, [&](const std::string& n) {
    return n.ends_with(" used") || n == "copied whole: no known file system" || n == content.kind + ", copied whole";
  });
  return notes;
}

std::vector<node> tree_of(const registry::disk_layout& layout);

// A volume that holds one thing is one line.
node node_of(const registry::logical_volume& v);

void add_content(node& n, const registry::volume_content& content, std::uint64_t size) {
  n.content = describe(content);
  n.notes = notes_of(content);
  constexpr std::uint64_t worth_telling = 1 << 20;
  if (content.size != 0 && content.size < size && size - content.size >= worth_telling)
    n.content += fmt::format(", {} of it", size_text(content.size));
  for (const auto& v : content.volumes) n.below.push_back(node_of(v));
  if (!content.used) return;
  n.sizes[2] = size_text(*content.used);
  n.sizes[3] = size_text(size - *content.used);
}

node node_of(std::uint64_t offset, std::uint64_t size) {
  node n;
  n.sizes[0] = size_text(offset);
  n.sizes[1] = size_text(size);
  return n;
}

node node_of(const table::partition& p) {
  auto n = node_of(p.offset, p.size);
  n.number = fmt::format("{}", p.number);
  n.type = printable(p.kind) + quoted(p.name) + (p.boot ? ", boot" : "");
  return n;
}

node node_of(const registry::layout_region& r, const table::partition_table& table) {
  const auto& where = r.where;
  auto n =
      where.kind == table::region_kind::partition ? node_of(table.partitions[where.index]) : node_of(where.offset, where.size);
  switch (where.kind) {
    case table::region_kind::whole: n.type = "whole disk"; break;
    case table::region_kind::table: n.type = "partition table"; break;
    case table::region_kind::gap: n.type = "gap"; break;
    case table::region_kind::partition: break;
    case table::region_kind::free: n.type = "not partitioned"; break;
  }
  if (r.content) add_content(n, *r.content, where.size);
  return n;
}

// Pieces of the table that touch are one line.
std::vector<registry::layout_region> joined(const registry::disk_layout& layout) {
  std::vector<registry::layout_region> list;
  for (const auto& r : layout.regions) {
    const bool joins = !list.empty() && r.where.kind == table::region_kind::table && list.back().where.kind == r.where.kind &&
                       list.back().where.container == r.where.container;
    if (joins) {
      list.back().where.size += r.where.size;
    } else {
      list.push_back(r);
    }
  }
  return list;
}

std::vector<node> tree_of(const registry::disk_layout& layout) {
  std::vector<node> tree;
  std::uint32_t container = 0;
  for (const auto& r : joined(layout)) {
    auto n = node_of(r, layout.table);
    if (r.where.container == 0) {
      tree.push_back(std::move(n));
    } else {
      if (container != r.where.container || tree.empty()) {
        const auto& all = layout.table.containers;
        const auto found = std::ranges::find(all, r.where.container, &table::partition::number);
        tree.push_back(found == all.end() ? node() : node_of(*found));
      }
      tree.back().below.push_back(std::move(n));
    }
    container = r.where.container;
  }
  return tree;
}

node node_of(const registry::logical_volume& v) {
  node n;
  n.sizes[1] = size_text(v.disk.size);
  n.type = "volume " + printable(v.name);
  const auto& regions = v.disk.regions;
  if (regions.size() == 1 && regions.front().content) {
    add_content(n, *regions.front().content, v.disk.size);
  } else {
    n.content = table_text(v.disk);
    n.below = tree_of(v.disk);
  }
  return n;
}

// A line without its alignment.
struct line {
  std::string tree;
  const node* what = nullptr;
  std::string note;  // instead
};

struct branches {
  const char* middle;
  const char* last;
  const char* beside;
  const char* below_last;
};
constexpr branches drawn{"├─ ", "└─ ", "│  ", "   "};
constexpr branches ascii{"|- ", "`- ", "|  ", "   "};

// Extended partitions and logical volumes make levels, a few at most.
void flatten(const std::vector<node>& nodes, const std::string& before, const branches& b, std::vector<line>& lines) {
  for (const auto& n : nodes) {
    const bool last = &n == &nodes.back();
    lines.push_back({before + (last ? b.last : b.middle) + n.number, &n, {}});
    const auto inside = before + (last ? b.below_last : b.beside);
    for (const auto& note : n.notes) lines.push_back({inside, nullptr, note});
    flatten(n.below, inside, b, lines);
  }
}

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t width) {
  const auto have = width_of(text);
  return text + std::string(width > have ? width - have : 0, ' ');
}

struct widths {
  std::size_t tree = 0;
  std::array<std::size_t, 4> sizes{};
  std::size_t type = 4;
};

widths measure(const std::vector<line>& lines) {
  widths w;
  for (std::size_t i = 0; i < w.sizes.size(); ++i) w.sizes[i] = std::string_view(size_titles[i]).size();
  for (const auto& l : lines) {
    w.tree = std::max(w.tree, width_of(l.tree));
    if (l.what == nullptr) continue;
    for (std::size_t i = 0; i < w.sizes.size(); ++i) w.sizes[i] = std::max(w.sizes[i], l.what->sizes[i].size());
    w.type = std::max(w.type, width_of(l.what->type));
  }
  return w;
}

std::string row(const std::string& tree, const std::array<std::string, 4>& sizes, const std::string& type,
                const std::string& content, const widths& w) {
  auto text = padded(tree, w.tree);
  for (std::size_t i = 0; i < sizes.size(); ++i) text += fmt::format("  {:>{}}", sizes[i], w.sizes[i]);
  text += "  " + padded(type, w.type) + "  " + content;
  return text.substr(0, text.find_last_not_of(' ') + 1) + '\n';
}

}  // namespace

std::string table_text(const registry::disk_layout& layout) {
  std::string kind = "no partition table";
  if (layout.table.kind == table::table_kind::gpt) kind = "GPT";
  if (layout.table.kind == table::table_kind::mbr) kind = "MBR";
  if (!layout.table.id.empty()) kind += " " + layout.table.id;
  const bool has_table = layout.table.kind != table::table_kind::none;
  return fmt::format("{}, sectors of {} bytes", kind, has_table ? layout.table.sector : layout.sector);
}

std::string layout_tree(const registry::disk_layout& layout, bool utf8) {
  const auto tree = tree_of(layout);
  std::vector<line> lines;
  flatten(tree, {}, utf8 ? drawn : ascii, lines);
  const auto w = measure(lines);
  std::string text = row({}, {size_titles[0], size_titles[1], size_titles[2], size_titles[3]}, "TYPE", "CONTENT", w);
  for (const auto& l : lines) {
    text += l.what != nullptr ? row(l.tree, l.what->sizes, l.what->type, l.what->content, w)
                              : padded(l.tree, w.tree) + "  note: " + printable(l.note) + '\n';
  }
  for (const auto& note : layout.notes) text += "note: " + printable(note) + '\n';
  return text;
}

}  // namespace umbra::cli
