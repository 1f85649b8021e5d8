// SPDX-License-Identifier: GPL-3.0-or-later
// Reading a manifest: it may come from a hostile store, and everything an image is hangs on it.
#include <algorithm>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/native/manifest.h"
#include "formats/native/map_page.h"
#include "formats/native/map_shape.h"
#include "formats/native/metadata.h"
#include "formats/native/page_bytes.h"

namespace umbra::native {
namespace {

error damaged(std::string_view why) { return {errc::damaged, "manifest: " + std::string(why)}; }

// Magic, version, length, seal: what must hold before any field means something.
result<manifest_header> open_header(byte_view bytes) {
  if (bytes.size() < sizeof(manifest_header) + seal::size) return damaged("cut off");
  if (bytes.size() > max_manifest) return damaged("larger than any manifest may be");
  const auto header = read_struct<manifest_header>(bytes);
  if (header.magic_ != manifest_magic) return error(errc::bad_magic, "manifest");
  if (header.size.value() != bytes.size()) return damaged("its length is not what it says");
  // Before the version: a flipped bit there is damage, not a newer format.
  if (seal_of(bytes.first(bytes.size() - seal::size)) != manifest_seal(bytes)) return error(errc::checksum, "manifest: seal");
  if (header.version_major_.value() != version_major)
    return error(errc::unsupported_version, fmt::format("manifest: version {}", header.version_major_.value()));
  return header;
}

struct manifest_parts {
  byte_view sources;
  byte_view packs;
  byte_view metadata;
};

result<manifest_parts> split(byte_view bytes, const manifest_header& header) {
  const std::uint64_t sources = std::uint64_t{header.source_count.value()} * sizeof(manifest_source);
  const std::uint64_t packs = std::uint64_t{header.pack_count.value()} * sizeof(manifest_pack);
  const std::uint64_t metadata = header.metadata_size.value();
  if (sizeof(manifest_header) + sources + packs + metadata + seal::size != bytes.size())
    return damaged("counts do not fit its length");
  if (metadata > max_metadata) return damaged("metadata is too large");
  manifest_parts parts;
  parts.sources = bytes.subspan(sizeof(manifest_header), sources);
  parts.packs = bytes.subspan(sizeof(manifest_header) + sources, packs);
  parts.metadata = bytes.subspan(sizeof(manifest_header) + sources + packs, metadata);
  return parts;
}

manifest decode_header_fields(const manifest_header& header) {
  manifest m;
  m.words = {header.incompat.value(), header.ro_compat.value(), header.gc_incompat.value(), header.compat.value()};
  m.info.id.bytes = header.image;
  m.info.parent.bytes = header.parent;
  m.info.domain.bytes = header.domain;
  m.info.created = header.created.value();
  m.info.block_size = header.block_size.value();
  m.info.new_plain_bytes = header.new_plain_bytes.value();
  m.info.new_stored_bytes = header.new_stored_bytes.value();
  m.info.root.bytes = header.root;
  m.plan = header.plan.value();
  m.single_file = (header.flags.value() & 1u) != 0;
  return m;
}

result<void> check_header_fields(const manifest& m) {
  if (m.info.id.is_none()) return damaged("image has no id");
  if (m.info.parent == m.info.id) return damaged("image is its own parent");
  if (m.info.block_size < min_block_size || m.info.block_size > max_block_size || m.info.block_size % sector != 0)
    return damaged("impossible block size");
  if (m.single_file && m.plan != 0) return damaged("single file with a plan number");
  return success();
}

image::source_info decode_info(const manifest_source& raw) {
  image::source_info info;
  info.size = raw.size.value();
  info.logical_sector = raw.logical_sector.value();
  info.stored_bytes = raw.stored_bytes.value();
  info.zero_bytes = raw.zero_bytes.value();
  info.unallocated_bytes = raw.unallocated_bytes.value();
  info.unreadable_bytes = raw.unreadable_bytes.value();
  info.excluded_bytes = raw.excluded_bytes.value();
  return info;
}

map_root decode_root(const manifest_source& raw) {
  map_root root;
  root.level = raw.level.value();
  root.page.kind = static_cast<child_kind>(raw.root_kind.value());
  root.page.state = static_cast<image::block_state>(raw.root_state.value());
  root.page.where.pack = decode(raw.root_pack);
  root.page.where.offset = raw.root_offset.value();
  root.page.where.stored_size = raw.root_stored_size.value();
  root.page.plain_size = raw.root_plain_size.value();
  root.page.id.bytes = raw.root_id;
  return root;
}

// What is wrong with a source, or nothing.
std::string_view broken_rule(const image::source_info& info, const map_root& root) {
  if (!is_power_of_two(info.logical_sector) || info.logical_sector > 65536) return "impossible sector size";
  std::optional<std::uint64_t> sum = 0;
  for (const std::uint64_t part :
       {info.stored_bytes, info.zero_bytes, info.unallocated_bytes, info.unreadable_bytes, info.excluded_bytes})
    if (sum) sum = checked_add(*sum, part);
  if (sum != info.size) return "bytes by state do not add up to the size";
  if (root.level != level_for(info.size)) return "map has a wrong level";
  if (!is_valid(root.page, root.level)) return "map's root cannot be";
  if (info.size == 0 && root.page.kind == child_kind::page) return "no bytes, but a map";
  return "";
}

result<void> decode_packs(byte_view bytes, manifest& m) {
  const std::size_t count = bytes.size() / sizeof(manifest_pack);
  m.packs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto raw = struct_at<manifest_pack>(bytes, i);
    needed_pack pack;
    pack.id.session.bytes = raw.session;
    pack.id.number = raw.number.value();
    pack.size = raw.size.value();
    if (!m.packs.empty() && !(m.packs.back().id < pack.id)) return damaged("pack list is not sorted");
    m.packs.push_back(pack);
  }
  return success();
}

bool lists_pack_of(const manifest& m, const page_pointer& page) {
  if (page.kind == child_kind::uniform) return true;
  const auto found = std::lower_bound(m.packs.begin(), m.packs.end(), page.where.pack,
                                      [](const needed_pack& pack, const image::pack_id& id) { return pack.id < id; });
  return found != m.packs.end() && found->id == page.where.pack;
}

result<void> decode_sources(byte_view bytes, manifest& m) {
  const std::size_t count = bytes.size() / sizeof(manifest_source);
  m.info.sources.reserve(count);
  m.roots.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto raw = struct_at<manifest_source>(bytes, i);
    const image::source_info info = decode_info(raw);
    const map_root root = decode_root(raw);
    if (const std::string_view rule = broken_rule(info, root); !rule.empty())
      return damaged(fmt::format("source {}: {}", i, rule));
    if (!lists_pack_of(m, root.page)) return damaged(fmt::format("source {}: pack of its root is not listed", i));
    m.info.sources.push_back(info);
    m.roots.push_back(root);
  }
  return success();
}

}  // namespace

result<manifest> decode_manifest(byte_view bytes) {
  TRY(const manifest_header header, open_header(bytes));
  manifest m = decode_header_fields(header);
  CHECK(within("manifest", check_features(m.words, intent::read)));
  TRY(const manifest_parts parts, split(bytes, header));
  CHECK(check_header_fields(m));
  CHECK(decode_packs(parts.packs, m));
  CHECK(decode_sources(parts.sources, m));
  m.info.metadata = as_text(parts.metadata);
  if (!is_json_object(m.info.metadata)) return damaged("metadata is not a JSON object");
  return m;
}

}  // namespace umbra::native
