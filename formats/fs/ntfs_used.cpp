// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ntfs_used.h"

#include <algorithm>
#include <bit>

#include "engine/base/buffer.h"
#include "engine/base/units.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t piece_size = 1_MiB;

// ---- $Bitmap: one bit for each cluster, the lowest of a byte first -----------------------------------------------------------

class bit_ranges {
 public:
  bit_ranges(const ntfs_geometry& geometry, std::size_t limit) : geometry_(geometry), limit_(limit) {}

  // Bits from `first` on; true while there is room.
  bool add(byte_view bits, std::uint64_t first) {
    for (std::size_t at = 0; at + 8 <= bits.size(); at += 8) {
      auto word = read_struct<wire::u64>(bits.subspan(at)).value();
      while (word != 0) {
        const auto begin = std::countr_zero(word);
        const auto count = std::countr_one(word >> begin);
        if (!add_clusters(first + at * 8 + static_cast<unsigned>(begin), static_cast<unsigned>(count))) return false;
        word = begin + count == 64 ? 0 : word >> (begin + count) << (begin + count);
      }
    }
    return true;
  }
  ntfs_bitmap_ranges take() { return std::move(ranges_); }

 private:
  bool add_clusters(std::uint64_t first, std::uint64_t count) {
    const std::uint64_t cluster = geometry_.cluster;
    if (first >= geometry_.clusters) return true;
    const auto offset = first * cluster;
    auto& list = ranges_.bytes;
    if (list.empty() || list.back().end() != offset) {
      if (list.size() >= limit_) {
        ranges_.shortened = true;
        if (!list.empty()) list.back().size = geometry_.clusters_end() - list.back().offset;
        if (list.empty()) list.push_back({0, geometry_.clusters_end()});
        return false;
      }
      list.push_back({offset, 0});
    }
    list.back().size += std::min(count, geometry_.clusters - first) * cluster;
    return true;
  }

  const ntfs_geometry& geometry_;
  std::size_t limit_;
  ntfs_bitmap_ranges ranges_;
};

// ---- what the records claim --------------------------------------------------------------------------------------------------

class claims_collector {
 public:
  claims_collector(const ntfs_mft& mft, const range_list& bitmap, std::size_t extent_limit)
      : geometry_(mft.geometry()), bitmap_(bitmap), extent_limit_(extent_limit) {}

  result<void> add(const ntfs_record& record) {
    std::size_t position = 0;
    while (true) {
      TRY(const auto attribute, record.next(position));
      if (!attribute) return success();
      if (attribute->resident()) continue;
      runs_.clear();
      CHECK(attribute->append_runs(geometry_.clusters, runs_));
      for (const auto& run : runs_) add_claim(run);
      if (is_told(record, *attribute)) add_extents();
      if (too_many_) return error(errc::decode, "$Bitmap denies too much of what files have");
    }
  }

  ntfs_claims take() {
    normalise(claims_.beyond_bitmap);
    auto& files = claims_.extents;
    std::ranges::sort(files, {}, &plan::file_extent::offset);
    // Two files in one place: a damaged volume, where neither is told twice.
    std::uint64_t reach = 0;
    std::erase_if(files, [&](const plan::file_extent& f) {
      if (f.offset < reach) return true;
      reach = f.end();
      return false;
    });
    return std::move(claims_);
  }

 private:
  static constexpr std::size_t most_beyond = 1 << 20;

  range place(const ntfs_run& run) const { return {run.lcn * geometry_.cluster, run.count * geometry_.cluster}; }

  void add_claim(const ntfs_run& run) {
    if (run.hole) return;
    const auto where = place(run);
    const auto holder = std::ranges::partition_point(bitmap_, [&](const range& r) { return r.end() <= where.offset; });
    if (holder != bitmap_.end() && holder->offset <= where.offset && holder->end() >= where.end()) return;
    auto& beyond = claims_.beyond_bitmap;
    beyond.push_back(where);
    if (beyond.size() <= most_beyond) return;
    normalise(beyond);
    too_many_ = beyond.size() > most_beyond / 2;
  }

  // The contents of a file of some size, as they are: compressed ones are never the same bytes elsewhere.
  bool is_told(const ntfs_record& record, const ntfs_attribute& a) const {
    if (!a.is(ntfs_attribute_type::data) || a.compressed() || record.file() < ntfs_file::first_user || runs_.empty())
      return false;
    return runs_.back().vcn_end() * geometry_.cluster >= plan::file_extent_minimum && size_of(a) >= plan::file_extent_minimum;
  }

  // Only the first part of a file says how large it is; another one lies behind that much already.
  static std::uint64_t size_of(const ntfs_attribute& a) {
    const auto where = a.placement();
    if (where.has_error()) return 0;
    return where.value().first_vcn.value() == 0 ? where.value().size.value() : plan::file_extent_minimum;
  }

  void add_extents() {
    for (const auto& run : runs_) {
      if (run.hole) continue;
      if (claims_.extents.size() >= extent_limit_) {
        claims_.shortened = true;
        return;
      }
      const auto where = place(run);
      claims_.extents.push_back({where.offset, where.size, run.vcn * geometry_.cluster});
    }
  }

  const ntfs_geometry& geometry_;
  const range_list& bitmap_;
  std::size_t extent_limit_;
  std::vector<ntfs_run> runs_;  // of the present attribute
  ntfs_claims claims_;
  bool too_many_ = false;
};

}  // namespace

result<ntfs_bitmap_ranges> read_ntfs_bitmap(const ntfs_mft& mft, std::size_t range_limit) {
  const auto& geometry = mft.geometry();
  TRY(const auto stream, mft.system_data(ntfs_file::bitmap));
  if (std::ranges::any_of(stream.runs, &ntfs_run::hole)) return error(errc::decode, "it has holes");
  const auto needed = align_up(div_up(geometry.clusters, 8), 8);
  if (std::min(stream.size, stream.initialised) < div_up(geometry.clusters, 8))
    return error(errc::decode, "too small for the volume");
  bit_ranges ranges(geometry, range_limit);
  buffer memory(static_cast<std::size_t>(std::min(needed, piece_size)));
  for (std::uint64_t at = 0; at < needed; at += memory.size()) {
    const auto piece = memory.span().first(static_cast<std::size_t>(std::min<std::uint64_t>(memory.size(), needed - at)));
    TRY(const auto content, read_stream(mft.source(), stream, at, piece));
    if (content == ntfs_content::bytes && !ranges.add(piece, at * 8)) break;
  }
  return ranges.take();
}

result<ntfs_claims> read_ntfs_claims(const ntfs_mft& mft, const range_list& bitmap, std::size_t extent_limit) {
  claims_collector claims(mft, bitmap, extent_limit);
  CHECK(mft.walk(ntfs_mft::on_damage::stop, [&](const ntfs_record& record) { return claims.add(record); }));
  return claims.take();
}

}  // namespace umbra::fs
