// SPDX-License-Identifier: GPL-3.0-or-later
// Nodes: up to 256 children, each a page (place and content id) or the one state of everything below.
#include <cassert>

#include <fmt/format.h>

#include "formats/native/map_page.h"
#include "formats/native/page_bytes.h"

namespace umbra::native {
namespace {

error damaged(std::string_view why) { return {errc::damaged, std::string(why)}; }

node_child encode_child(const page_pointer& p, const pack_table& packs) {
  node_child out{};
  out.kind = static_cast<std::uint8_t>(p.kind);
  if (p.kind == child_kind::uniform) {
    out.state = static_cast<std::uint8_t>(p.state);
    return out;
  }
  out.pack = packs.index_of(p.where.pack);
  out.stored_size = p.where.stored_size;
  out.offset = p.where.offset;
  out.plain_size = p.plain_size;
  out.id = p.id.bytes;
  return out;
}

// Everything but the pack, which needs the table.
result<page_pointer> decode_child(const node_child& raw) {
  if (raw.kind.value() > static_cast<std::uint8_t>(child_kind::page)) return damaged("unknown kind of child");
  if (!image::is_known_state(raw.state.value())) return damaged("unknown block state");
  page_pointer p;
  p.kind = static_cast<child_kind>(raw.kind.value());
  p.state = static_cast<image::block_state>(raw.state.value());
  p.where.offset = raw.offset.value();
  p.where.stored_size = raw.stored_size.value();
  p.plain_size = raw.plain_size.value();
  p.id.bytes = raw.id;
  if (p.kind == child_kind::uniform && raw.pack.value() != 0) return damaged("uniform child has a place");
  return p;
}

struct node_parts {
  byte_view packs;
  byte_view children;
};

result<node_parts> split(byte_view bytes, std::uint8_t level, std::uint64_t first_region, std::uint64_t child_count) {
  if (bytes.size() < sizeof(node_header)) return damaged("node is cut off");
  const auto header = read_struct<node_header>(bytes);
  if (header.magic_ != node_magic) return damaged("node has a wrong magic");
  if (header.level.value() != level) return damaged(fmt::format("node is of level {}", header.level.value()));
  if (header.first_region.value() != first_region)
    return damaged(fmt::format("node starts at region {}", header.first_region.value()));
  const std::uint64_t packs = header.pack_count.value();
  const std::uint64_t children = header.child_count.value();
  if (children != child_count || children < 1 || children > node_fanout || packs > children)
    return damaged("node has wrong counts");
  if (sizeof(node_header) + packs * sizeof(pack_ref) + children * sizeof(node_child) != bytes.size())
    return damaged("node's counts do not fit its length");
  const std::size_t table_bytes = packs * sizeof(pack_ref);
  return node_parts{bytes.subspan(sizeof(node_header), table_bytes), bytes.subspan(sizeof(node_header) + table_bytes)};
}

}  // namespace

bool is_valid(const page_pointer& p, std::uint8_t level) {
  if (p.kind == child_kind::uniform) {
    page_pointer bare;
    bare.state = p.state;
    return image::is_known_state(static_cast<std::uint8_t>(p.state)) && p.state != image::block_state::stored && p == bare;
  }
  const std::uint64_t least = level == 0 ? min_leaf_bytes : min_node_bytes;
  const std::uint64_t most = level == 0 ? max_leaf_bytes : max_node_bytes;
  return p.kind == child_kind::page && p.state == image::block_state::unallocated && p.plain_size >= least &&
         p.plain_size <= most && is_record_place(p.where.offset, p.where.stored_size);
}

std::vector<std::byte> encode_node(const node& n) {
  assert(n.level >= 1 && !n.children.empty() && n.children.size() <= node_fanout);
  const pack_table packs(packs_of(n));
  node_header header{};
  header.magic_ = node_magic;
  header.level = n.level;
  header.child_count = static_cast<std::uint32_t>(n.children.size());
  header.first_region = n.first_region;
  header.pack_count = static_cast<std::uint32_t>(packs.size());

  std::vector<std::byte> out;
  out.reserve(sizeof(node_header) + packs.size() * sizeof(pack_ref) + n.children.size() * sizeof(node_child));
  append_struct(out, header);
  packs.append_to(out);
  for (const page_pointer& child : n.children) append_struct(out, encode_child(child, packs));
  return out;
}

result<node> decode_node(byte_view bytes, std::uint8_t level, std::uint64_t first_region, std::uint64_t child_count) {
  TRY(const node_parts parts, split(bytes, level, first_region, child_count));
  TRY(const pack_table packs, pack_table::decode(parts.packs));
  node n;
  n.level = level;
  n.first_region = first_region;
  n.children.reserve(child_count);
  for (std::size_t i = 0; i < child_count; ++i) {
    const auto raw = struct_at<node_child>(parts.children, i);
    TRY(page_pointer p, decode_child(raw));
    if (!is_valid(p, static_cast<std::uint8_t>(level - 1))) return damaged(fmt::format("child {} cannot be", i));
    if (p.kind == child_kind::page) {
      if (raw.pack.value() >= packs.size()) return damaged("child names a pack that is not in the table");
      p.where.pack = packs[raw.pack.value()];
    }
    n.children.push_back(p);
  }
  // The table is sorted and unique, so equal lists mean that each entry is used.
  if (packs_of(n) != packs.ids()) return damaged("node has packs that no child uses");
  return n;
}

std::vector<image::pack_id> packs_of(const node& n) {
  std::vector<image::pack_id> ids;
  for (const page_pointer& child : n.children)
    if (child.kind == child_kind::page && (ids.empty() || ids.back() != child.where.pack)) ids.push_back(child.where.pack);
  return pack_table(std::move(ids)).ids();
}

}  // namespace umbra::native
