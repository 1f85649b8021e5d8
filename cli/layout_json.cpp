// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/layout_json.h"

#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace umbra::cli {
namespace {

using nlohmann::json;

const char* name_of(table::table_kind kind) {
  switch (kind) {
    case table::table_kind::none: return "none";
    case table::table_kind::mbr: return "mbr";
    case table::table_kind::gpt: return "gpt";
  }
  return "none";
}

const char* name_of(table::piece_kind kind) {
  switch (kind) {
    case table::piece_kind::mbr: return "mbr";
    case table::piece_kind::ebr: return "ebr";
    case table::piece_kind::gpt_header: return "gpt_header";
    case table::piece_kind::gpt_entries: return "gpt_entries";
    case table::piece_kind::gpt_backup_header: return "gpt_backup_header";
    case table::piece_kind::gpt_backup_entries: return "gpt_backup_entries";
  }
  return "mbr";
}

const char* name_of(table::region_kind kind) {
  switch (kind) {
    case table::region_kind::whole: return "whole";
    case table::region_kind::table: return "table";
    case table::region_kind::gap: return "gap";
    case table::region_kind::partition: return "partition";
    case table::region_kind::free: return "free";
  }
  return "free";
}

const char* name_of(registry::content_state state) {
  switch (state) {
    case registry::content_state::unknown: return "unknown";
    case registry::content_state::marked: return "marked";
    case registry::content_state::understood: return "understood";
    case registry::content_state::doubtful: return "doubtful";
    case registry::content_state::unreadable: return "unreadable";
  }
  return "unknown";
}

json known(std::uint64_t number) { return number == 0 ? json() : json(number); }

json attributes_of(const table::partition& p) {
  constexpr const char* names[] = {"required", "no_block_io", "legacy_boot"};  // UEFI 2.10 table 5.8
  auto list = json::array();
  for (unsigned bit = 0; bit < 64; ++bit) {
    if ((p.attributes >> bit & 1) == 0) continue;
    list.push_back(bit < std::size(names) ? std::string(names[bit]) : fmt::format("bit_{}", bit));
  }
  return list;
}

void add_partition(json& out, const table::partition& p) {
  out["number"] = p.number;
  out["type"] = p.type;
  out["type_name"] = p.kind;
  out["id"] = p.id;
  out["name"] = p.name;
  out["attributes"] = attributes_of(p);
  out["boot"] = p.boot;
}

json to_json(const registry::volume_content& content, std::uint64_t size) {
  json out{{"state", name_of(content.state)},
           {"kind", content.kind},
           {"label", content.label},
           {"id", content.id},
           {"size", known(content.size)},
           {"cluster", known(content.cluster)},
           {"used", nullptr},
           {"free", nullptr},
           {"notes", content.notes}};
  if (content.used) {
    out["used"] = *content.used;
    out["free"] = size - *content.used;
  }
  for (const auto& v : content.volumes) out["volumes"].push_back({{"name", v.name}, {"layout", cli::to_json(v.disk)}});
  return out;
}

json to_json(const registry::layout_region& region, const table::partition_table& table) {
  const auto& where = region.where;
  json out{{"kind", name_of(where.kind)}, {"offset", where.offset}, {"size", where.size}};
  if (where.container != 0) out["container"] = where.container;
  if (where.kind == table::region_kind::table) out["piece"] = name_of(table.pieces[where.index].kind);
  if (where.kind == table::region_kind::partition) add_partition(out, table.partitions[where.index]);
  if (region.content) out["content"] = to_json(*region.content, where.size);
  return out;
}

json to_json(const table::partition_table& table) {
  json out{{"kind", name_of(table.kind)},  {"id", table.id},         {"sector", table.sector},
           {"boot_code", table.boot_code}, {"hybrid", table.hybrid}, {"containers", json::array()}};
  for (const auto& c : table.containers) {
    json one{{"offset", c.offset}, {"size", c.size}};
    add_partition(one, c);
    out["containers"].push_back(std::move(one));
  }
  return out;
}

}  // namespace

json to_json(const registry::disk_layout& layout) {
  json out{{"size", layout.size},      {"sector", layout.sector}, {"identity", layout.identity}, {"table", to_json(layout.table)},
           {"regions", json::array()}, {"notes", layout.notes}};
  for (const auto& r : layout.regions) out["regions"].push_back(to_json(r, layout.table));
  return out;
}

}  // namespace umbra::cli
