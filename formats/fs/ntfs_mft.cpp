// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ntfs_mft.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/buffer.h"
#include "engine/base/units.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t piece_size = 1_MiB;
constexpr std::uint64_t longest_list = 256_KiB;  // what Windows allows an attribute list
constexpr std::size_t most_runs = 4 << 20;       // twice what fits below such a list

error nonsense(const char* what) { return {errc::decode, what}; }

// Adds what one attribute says of a stream: the next clusters, and with the first ones the sizes.
result<void> add_part(const ntfs_attribute& part, const ntfs_geometry& geometry, ntfs_stream& stream) {
  TRY(const auto where, part.placement());
  const auto expected = stream.runs.empty() ? 0 : stream.runs.back().vcn_end();
  if (where.first_vcn.value() != expected) return nonsense("a part of a file is missing");
  if (expected == 0) {
    stream.size = where.size.value();
    stream.initialised = where.initialised.value();
  }
  const auto before = stream.runs.size();
  CHECK(part.append_runs(geometry.clusters, stream.runs));
  if (stream.runs.size() > most_runs) return nonsense("a file lies in too many pieces");
  for (auto i = before; i < stream.runs.size(); ++i) {
    if (!stream.runs[i].hole) stream.clusters += stream.runs[i].count;
    if (stream.clusters > geometry.clusters) return nonsense("a file is larger than the volume");
  }
  return success();
}

// The value of an attribute list, which may lie in clusters of its own.
result<std::vector<std::byte>> list_bytes(ntfs_source& source, const ntfs_attribute& list) {
  if (list.resident()) {
    TRY(const auto value, list.value());
    return std::vector<std::byte>(value.begin(), value.end());
  }
  ntfs_stream stream;
  CHECK(add_part(list, source.geometry(), stream));
  if (stream.size > longest_list) return nonsense("an attribute list is too long");
  std::vector<std::byte> bytes(static_cast<std::size_t>(stream.size));
  CHECK(read_stream(source, stream, 0, bytes));
  return bytes;
}

// An attribute list is in the order of types and clusters.
result<std::vector<std::uint64_t>> records_in(byte_view list, ntfs_attribute_type type) {
  std::vector<std::uint64_t> records;
  for (std::size_t at = 0; at < list.size();) {
    if (!fits(at, sizeof(ntfs_list_entry), list.size())) return nonsense("an attribute list is cut short");
    const auto entry = read_struct<ntfs_list_entry>(list.subspan(at));
    if (entry.size.value() < sizeof(ntfs_list_entry)) return nonsense("an attribute list makes no sense");
    if (entry.type.value() == static_cast<std::uint32_t>(type) && entry.name_length.value() == 0)
      records.push_back(ntfs_number_of(entry.record.value()));
    at += entry.size.value();
  }
  return records;
}

}  // namespace

result<ntfs_mft> ntfs_mft::open(ntfs_source& source) {
  ntfs_mft mft(source);
  CHECK(within("$MFT", mft.find_itself()));
  return mft;
}

result<void> ntfs_mft::find_itself() {
  std::vector<std::byte> memory(geometry().record);
  CHECK(source_->read(geometry().mft_cluster * geometry().cluster, memory));
  TRY(const auto self, open_record(ntfs_file::mft, memory));
  if (!self || !self->is_base()) return nonsense("its record is not in use");
  TRY(const auto list, self->find(ntfs_attribute_type::attribute_list));
  TRY(const auto data, self->find(ntfs_attribute_type::data));
  if (!data) return nonsense("it has no data");
  // The first part is in the first record; it leads to the records with the others.
  CHECK(add_part(*data, geometry(), places_));
  if (list) CHECK(collect(*self, places_));
  if (places_.runs.empty() || places_.runs.front().lcn != geometry().mft_cluster)
    return nonsense("it lies elsewhere than the boot sector says");
  if (std::ranges::any_of(places_.runs, &ntfs_run::hole)) return nonsense("it has holes");
  const auto initialised = std::min(places_.size, places_.initialised);
  if (initialised > places_.runs.back().vcn_end() * geometry().cluster) return nonsense("it is shorter than it says");
  return success();
}

// Appends to `stream`, which may hold the base record's part already. For the table itself `stream` is what the others are read
// by.
result<void> ntfs_mft::collect(const ntfs_record& base, ntfs_stream& stream) const {
  TRY(const auto records, records_with(base, ntfs_attribute_type::data));
  std::vector<std::byte> memory;
  for (const auto number : records) {
    if (number == base.number) {
      if (!stream.runs.empty()) continue;  // there is one part in a record
      TRY(const auto data, base.find(ntfs_attribute_type::data));
      if (!data || data->resident()) return nonsense("a part of a file is missing");
      CHECK(add_part(*data, geometry(), stream));
      continue;
    }
    TRY(const auto record, read(number, memory));
    if (!record || record->is_base() || record->file() != base.number) return nonsense("a part of a file is missing");
    TRY(const auto data, record->find(ntfs_attribute_type::data));
    if (!data || data->resident()) return nonsense("a part of a file is missing");
    CHECK(add_part(*data, geometry(), stream));
  }
  return success();
}

result<std::vector<std::uint64_t>> ntfs_mft::records_with(const ntfs_record& base, ntfs_attribute_type type) const {
  TRY(const auto list, base.find(ntfs_attribute_type::attribute_list));
  if (!list) return std::vector<std::uint64_t>{base.number};
  TRY(const auto bytes, list_bytes(*source_, *list));
  return records_in(bytes, type);
}

std::uint64_t ntfs_mft::records() const { return std::min(places_.size, places_.initialised) / geometry().record; }

result<std::optional<ntfs_record>> ntfs_mft::read(std::uint64_t number, std::vector<std::byte>& memory) const {
  memory.resize(geometry().record);
  if (number >= records()) return nonsense("a file record lies outside of $MFT");
  TRY(const auto content, read_stream(*source_, places_, number * geometry().record, memory));
  if (content == ntfs_content::zeros) return std::optional<ntfs_record>();
  return open_record(number, memory);
}

result<std::optional<ntfs_stream>> ntfs_mft::data_of(const ntfs_record& base) const {
  ntfs_stream stream;
  TRY(const auto list, base.find(ntfs_attribute_type::attribute_list));
  if (list) {
    CHECK(collect(base, stream));
    if (stream.runs.empty()) return std::optional<ntfs_stream>();
  } else {
    TRY(const auto data, base.find(ntfs_attribute_type::data));
    if (!data || data->resident()) return std::optional<ntfs_stream>();
    CHECK(add_part(*data, geometry(), stream));
  }
  const auto reach = stream.runs.empty() ? 0 : stream.runs.back().vcn_end();
  if (stream.size > reach * geometry().cluster) return nonsense("a file is shorter than it says");
  return std::optional(std::move(stream));
}

result<ntfs_stream> ntfs_mft::system_data(std::uint64_t number) const {
  std::vector<std::byte> memory;
  TRY(const auto record, read(number, memory));
  if (!record || !record->is_base()) return nonsense("its record is not in use");
  TRY(auto stream, data_of(*record));
  if (!stream || stream->runs.empty()) return nonsense("it has no clusters");
  return std::move(*stream);
}

result<void> ntfs_mft::walk(on_damage damage, const visitor& visit) const {
  const std::uint64_t record = geometry().record;
  const auto end = records() * record;
  buffer memory(static_cast<std::size_t>(std::min(end, piece_size)));
  for (std::uint64_t at = 0; at < end; at += memory.size()) {
    const auto piece = memory.span().first(static_cast<std::size_t>(std::min<std::uint64_t>(memory.size(), end - at)));
    TRY(const auto content, within("$MFT", read_stream(*source_, places_, at, piece)));
    if (content == ntfs_content::zeros) continue;
    CHECK(walk_piece(at / record, piece, damage, visit));
  }
  return success();
}

result<void> ntfs_mft::walk_piece(std::uint64_t first, byte_span bytes, on_damage damage, const visitor& visit) const {
  const auto size = geometry().record;
  for (std::size_t i = 0; i * size < bytes.size(); ++i) {
    const auto record = open_record(first + i, bytes.subspan(i * size, size));
    if (record.has_error()) {
      if (damage == on_damage::stop) return record.error();
      continue;
    }
    if (!record.value()) continue;
    const auto seen = visit(*record.value());
    if (seen.has_error() && damage == on_damage::stop) return within(fmt::format("file record {}", first + i), seen);
  }
  return success();
}

}  // namespace umbra::fs
