// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/manifest.h"

#include <cassert>
#include <cstring>

#include "formats/native/map_shape.h"
#include "formats/native/page_bytes.h"

namespace umbra::native {
namespace {

constexpr std::uint32_t flag_single_file = 1;

manifest_source encode_source(const image::source_info& info, const map_root& root) {
  manifest_source out{};
  out.size = info.size;
  out.logical_sector = info.logical_sector;
  out.level = root.level;
  out.root_kind = static_cast<std::uint8_t>(root.page.kind);
  out.root_state = static_cast<std::uint8_t>(root.page.state);
  out.root_pack = encode(root.page.where.pack);
  out.root_offset = root.page.where.offset;
  out.root_stored_size = root.page.where.stored_size;
  out.root_plain_size = root.page.plain_size;
  out.root_id = root.page.id.bytes;
  out.stored_bytes = info.stored_bytes;
  out.zero_bytes = info.zero_bytes;
  out.unallocated_bytes = info.unallocated_bytes;
  out.unreadable_bytes = info.unreadable_bytes;
  out.excluded_bytes = info.excluded_bytes;
  return out;
}

manifest_pack encode_pack(const needed_pack& pack) {
  manifest_pack out{};
  out.session = pack.id.session.bytes;
  out.number = pack.id.number;
  out.size = pack.size;
  return out;
}

manifest_header encode_header(const manifest& m, const content_hasher& hasher, std::size_t size) {
  manifest_header out{};
  out.magic_ = manifest_magic;
  out.version_major_ = version_major;
  out.version_minor_ = version_minor;
  out.size = static_cast<std::uint32_t>(size);
  out.incompat = m.words.incompat;
  out.ro_compat = m.words.ro_compat;
  out.gc_incompat = m.words.gc_incompat;
  out.compat = m.words.compat;
  out.image = m.info.id.bytes;
  out.parent = m.info.parent.bytes;
  out.domain = m.info.domain.bytes;
  out.created = m.info.created;
  out.block_size = m.info.block_size;
  out.plan = m.plan;
  out.source_count = static_cast<std::uint32_t>(m.roots.size());
  out.pack_count = static_cast<std::uint32_t>(m.packs.size());
  out.metadata_size = static_cast<std::uint32_t>(m.info.metadata.size());
  out.flags = m.single_file ? flag_single_file : 0;
  out.new_plain_bytes = m.info.new_plain_bytes;
  out.new_stored_bytes = m.info.new_stored_bytes;
  out.root = root_of(m, hasher).bytes;
  return out;
}

}  // namespace

std::uint8_t level_for(std::uint64_t size) { return map_shape(size).level(); }

content_id root_of(const manifest& m, const content_hasher& hasher) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < m.roots.size(); ++i) {
    const manifest_source s = encode_source(m.info.sources[i], m.roots[i]);
    append_struct(bytes, s.size);
    append_struct(bytes, s.level);
    append_struct(bytes, s.root_kind);
    append_struct(bytes, s.root_state);
    append_struct(bytes, s.root_id);
  }
  return hasher(bytes);
}

std::vector<std::byte> encode(const manifest& m, const content_hasher& hasher) {
  assert(m.info.sources.size() == m.roots.size());
  const std::size_t size = sizeof(manifest_header) + m.roots.size() * sizeof(manifest_source) +
                           m.packs.size() * sizeof(manifest_pack) + m.info.metadata.size() + seal::size;
  std::vector<std::byte> out;
  out.reserve(size);
  append_struct(out, encode_header(m, hasher, size));
  for (std::size_t i = 0; i < m.roots.size(); ++i) append_struct(out, encode_source(m.info.sources[i], m.roots[i]));
  for (const needed_pack& pack : m.packs) append_struct(out, encode_pack(pack));
  append_bytes(out, as_bytes(m.info.metadata));
  append_bytes(out, seal_of(out).view());
  return out;
}

seal manifest_seal(byte_view bytes) {
  if (bytes.size() < seal::size) return {};
  return read_struct<seal>(bytes.last(seal::size));
}

}  // namespace umbra::native
