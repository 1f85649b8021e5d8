// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/pack_index.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "formats/native/checkpoint.h"
#include "formats/native/mini_index.h"

namespace umbra::native {
namespace {

error damage_at(const pack_reader& pack, std::uint64_t offset, std::string_view what) {
  return error(errc::damaged, fmt::format("{} at {}: {}", pack.name(), offset, what));
}

// All segments in order. The chain ends: each checkpoint lies before its successor (decode_checkpoint sees to that).
result<std::vector<segment_place>> read_chain(const pack_reader& pack, const footer_info& info) {
  std::vector<checkpoint> chain;
  auto next_segment = info.segment_count;
  for (auto at = info.last_checkpoint; at != 0; at = chain.back().previous) {
    TRY(const auto bytes, pack.read_plain(at, record_type::checkpoint, max_plain));
    auto point = decode_checkpoint(bytes, at);
    if (point.has_error()) return std::move(point).assume_error().within(fmt::format("{} at {}", pack.name(), at));
    chain.push_back(std::move(point).assume_value());
    if (std::uint64_t{chain.back().first_segment} + chain.back().segments.size() != next_segment)
      return damage_at(pack, at, "checkpoint does not name the segments that are due");
    next_segment = chain.back().first_segment;
  }
  std::vector<segment_place> segments;
  segments.reserve(static_cast<std::size_t>(info.segment_count));
  for (auto point = chain.rbegin(); point != chain.rend(); ++point)
    segments.insert(segments.end(), point->segments.begin(), point->segments.end());
  return segments;
}

result<mini_index> read_mini_index(const pack_reader& pack, std::uint64_t number, const segment_place& place) {
  const auto at = place.mini_index_offset;
  TRY(const auto bytes, pack.read_plain(at, record_type::mini_index, max_plain));
  auto index = decode_mini_index(bytes, at);
  if (index.has_error()) return std::move(index).assume_error().within(fmt::format("{} at {}", pack.name(), at));
  const auto& found = index.assume_value();
  if (bytes.size() != place.mini_index_size || found.segment != number || found.segment_offset != place.offset ||
      found.records.size() != place.record_count)
    return damage_at(pack, at, "mini-index is not the one that the checkpoint names");
  return index;
}

std::vector<indexed_record> data_records(const mini_index& index) {
  std::vector<indexed_record> records;
  records.reserve(index.records.size());
  for (const auto& r : index.records)
    if (r.type == record_type::data) records.push_back({r.id, r.offset, r.stored_size, r.plain_size});
  return records;
}

// Gathers the good data records of a segment until its mini-index comes by, or a torn pack ends.
class gatherer : public scan_visitor {
 public:
  explicit gatherer(const visit_segment& visit) : visit_(visit) {}

  result<void> on_record(const record_info& info, std::uint64_t offset, byte_view, bool checksum_ok) override {
    if (info.type == record_type::data && checksum_ok) gathered_.push_back({info.id, offset, info.stored_size, info.plain_size});
    const bool segment_ends = info.type == record_type::mini_index || gathered_.size() == max_segment_records;
    return segment_ends ? tell() : success();
  }
  result<void> on_footer(const footer_info&, std::uint64_t) override { return success(); }
  result<void> on_flaw(std::uint64_t, error) override { return success(); }
  result<void> on_loss(std::uint64_t, std::uint64_t, error) override { return success(); }

  result<void> tell() {
    if (gathered_.empty()) return success();
    const auto segment = std::exchange(gathered_, {});
    return visit_(segment);
  }

 private:
  const visit_segment& visit_;
  std::vector<indexed_record> gathered_;
};

}  // namespace

result<void> visit_indexed(const pack_reader& pack, const footer_info& info, const visit_segment& visit) {
  TRY(const auto segments, read_chain(pack, info));
  for (std::size_t number = 0; number < segments.size(); ++number) {
    TRY(const auto index, read_mini_index(pack, number, segments[number]));
    const auto records = data_records(index);
    if (!records.empty()) CHECK(visit(records));
  }
  return success();
}

result<void> visit_scanned(const scan_source& source, const visit_segment& visit) {
  gatherer g(visit);
  CHECK(scan_pack(source, g));
  return g.tell();
}

}  // namespace umbra::native
