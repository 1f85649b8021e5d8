// SPDX-License-Identifier: GPL-3.0-or-later
// Leaves: a region's blocks. The pack table holds exactly the packs in use, sorted, so a region has one encoding.
#include <cassert>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/native/map_page.h"
#include "formats/native/page_bytes.h"

namespace umbra::native {
namespace {

using image::block;
using image::block_state;

error damaged(std::string_view why) { return {errc::damaged, std::string(why)}; }

std::string_view broken_rule(const block& b) {
  const std::uint8_t state = static_cast<std::uint8_t>(b.state);
  if (!image::is_known_state(state)) return "unknown block state";
  if (b.state != block_state::stored) {
    const bool bare = b.where == image::location{} && b.change.is_none() && b.id.is_none();
    return bare ? "" : "block without record has a place";
  }
  if (b.size > max_block_size) return "stored block is too large";
  if (!is_record_place(b.where.offset, b.where.stored_size)) return "impossible place of a record";
  return "";
}

leaf_block encode_block(const block& b, std::uint64_t region_offset, const pack_table& packs) {
  leaf_block out{};
  out.start = static_cast<std::uint16_t>((b.offset - region_offset) / sector);
  out.length = static_cast<std::uint16_t>(div_up(b.size, sector) - 1);
  out.state = static_cast<std::uint8_t>(b.state);
  if (b.state == block_state::stored) {
    out.pack = packs.index_of(b.where.pack);
    out.offset = b.where.offset;
    out.stored_size = b.where.stored_size;
  }
  return out;
}

// The arrays of a leaf, once the header's counts are known to fit.
struct leaf_parts {
  std::size_t block_count = 0;
  std::size_t stored_count = 0;
  byte_view packs;
  byte_view blocks;
  byte_view changes;
  byte_view ids;
};

result<leaf_parts> split(byte_view bytes, std::uint64_t index, std::uint64_t size) {
  if (bytes.size() < sizeof(leaf_header)) return damaged("leaf is cut off");
  const auto header = read_struct<leaf_header>(bytes);
  if (header.magic_ != leaf_magic) return damaged("leaf has a wrong magic");
  if (header.region.value() != index) return damaged(fmt::format("leaf is of region {}", header.region.value()));
  if (header.region_bytes.value() != size) return damaged("leaf has a wrong region size");
  const std::uint64_t packs = header.pack_count.value();
  const std::uint64_t blocks = header.block_count.value();
  const std::uint64_t stored = header.stored_count.value();
  if (blocks < 1 || blocks > blocks_per_region || stored > blocks || packs > stored) return damaged("leaf has impossible counts");
  const std::uint64_t need = sizeof(leaf_header) + packs * sizeof(pack_ref) + blocks * sizeof(leaf_block) +
                             stored * (change_hash::size + content_id::size);
  if (need != bytes.size()) return damaged("leaf's counts do not fit its length");

  leaf_parts parts;
  parts.block_count = blocks;
  parts.stored_count = stored;
  std::size_t at = sizeof(leaf_header);
  const auto take = [&](std::size_t length) {
    const byte_view part = bytes.subspan(at, length);
    at += length;
    return part;
  };
  parts.packs = take(packs * sizeof(pack_ref));
  parts.blocks = take(blocks * sizeof(leaf_block));
  parts.changes = take(stored * change_hash::size);
  parts.ids = take(stored * content_id::size);
  return parts;
}

result<block> decode_block(const leaf_block& raw, std::uint64_t region_offset, std::uint64_t region_bytes) {
  const std::uint64_t start = std::uint64_t{raw.start.value()} * sector;
  const std::uint64_t end = start + (std::uint64_t{raw.length.value()} + 1) * sector;
  if (end > align_up(region_bytes, sector)) return damaged("block ends behind its region");
  if (!image::is_known_state(raw.state.value())) return damaged("unknown block state");
  block b;
  b.offset = region_offset + start;
  b.size = std::min(end, region_bytes) - start;
  b.state = static_cast<block_state>(raw.state.value());
  b.where.offset = raw.offset.value();
  b.where.stored_size = raw.stored_size.value();
  if (b.state != block_state::stored && raw.pack.value() != 0) return damaged("block without record has a place");
  return b;
}

// Gives stored blocks their pack, change hash and id; every pack and every column entry must be used.
class columns {
 public:
  columns(const leaf_parts& parts, const pack_table& packs) : parts_(parts), packs_(packs), used_(packs.size()) {}

  result<void> fill(block& b, std::uint16_t pack) {
    if (next_ == parts_.stored_count) return damaged("leaf has more stored blocks than it says");
    if (pack >= packs_.size()) return damaged("block names a pack that is not in the table");
    b.where.pack = packs_[pack];
    b.change = struct_at<change_hash>(parts_.changes, next_);
    b.id = struct_at<content_id>(parts_.ids, next_);
    unused_ -= used_[pack] ? 0 : 1;
    used_[pack] = true;
    ++next_;
    return success();
  }
  bool all_used() const { return next_ == parts_.stored_count && unused_ == 0; }

 private:
  const leaf_parts& parts_;
  const pack_table& packs_;
  std::vector<bool> used_;
  std::size_t unused_ = used_.size();
  std::size_t next_ = 0;
};

}  // namespace

std::string_view broken_rule(const image::region& r) {
  if (r.size < 1 || r.size > image::region_size) return "impossible region size";
  if (r.index > ~std::uint64_t{0} / image::region_size) return "impossible region index";
  std::uint64_t at = r.offset();
  const std::uint64_t end = at + r.size;
  for (const block& b : r.blocks) {
    if (b.offset != at) return "blocks leave a gap, overlap or are out of order";
    if (b.size < 1 || b.size > end - at) return "block ends behind its region";
    at += b.size;
    if (at != end && !is_aligned(at, sector)) return "block does not end at a multiple of 512";
    if (const std::string_view rule = broken_rule(b); !rule.empty()) return rule;
  }
  return at == end ? "" : "blocks do not cover the region";
}

std::vector<std::byte> encode_leaf(const image::region& r) {
  assert(broken_rule(r).empty());
  const pack_table packs(packs_of(r));
  std::size_t stored = 0;
  for (const block& b : r.blocks) stored += b.state == block_state::stored ? 1 : 0;

  leaf_header header{};
  header.magic_ = leaf_magic;
  header.region = r.index;
  header.region_bytes = static_cast<std::uint32_t>(r.size);
  header.pack_count = static_cast<std::uint32_t>(packs.size());
  header.block_count = static_cast<std::uint32_t>(r.blocks.size());
  header.stored_count = static_cast<std::uint32_t>(stored);

  std::vector<std::byte> out;
  out.reserve(sizeof(leaf_header) + packs.size() * sizeof(pack_ref) + r.blocks.size() * sizeof(leaf_block) +
              stored * (change_hash::size + content_id::size));
  append_struct(out, header);
  packs.append_to(out);
  for (const block& b : r.blocks) append_struct(out, encode_block(b, r.offset(), packs));
  for (const block& b : r.blocks)
    if (b.state == block_state::stored) append_bytes(out, b.change.view());
  for (const block& b : r.blocks)
    if (b.state == block_state::stored) append_bytes(out, b.id.view());
  return out;
}

result<image::region> decode_leaf(byte_view bytes, std::uint64_t index, std::uint64_t size, std::uint64_t largest_block) {
  TRY(const leaf_parts parts, split(bytes, index, size));
  TRY(const pack_table packs, pack_table::decode(parts.packs));
  columns column(parts, packs);
  image::region r;
  r.index = index;
  r.size = size;
  r.blocks.reserve(parts.block_count);
  for (std::size_t i = 0; i < parts.block_count; ++i) {
    const auto raw = struct_at<leaf_block>(parts.blocks, i);
    TRY(block b, decode_block(raw, r.offset(), size));
    if (b.state == block_state::stored) {
      if (b.size > largest_block) return damaged("stored block is too large");
      CHECK(column.fill(b, raw.pack.value()));
    }
    r.blocks.push_back(b);
  }
  if (!column.all_used()) return damaged("leaf has packs or hashes that no block uses");
  if (const std::string_view rule = broken_rule(r); !rule.empty()) return damaged(rule);
  return r;
}

std::vector<image::pack_id> packs_of(const image::region& r) {
  std::vector<image::pack_id> ids;
  for (const block& b : r.blocks)
    if (b.state == block_state::stored && (ids.empty() || ids.back() != b.where.pack)) ids.push_back(b.where.pack);
  return pack_table(std::move(ids)).ids();
}

}  // namespace umbra::native
