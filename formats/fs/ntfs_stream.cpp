// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ntfs_stream.h"

#include <algorithm>

#include "engine/base/units.h"

namespace umbra::fs {
namespace {

// What part of a stream is, as far as it lies in one run.
struct piece {
  range where;  // of the volume
  bool zeros = false;
};

result<piece> piece_at(const ntfs_source& source, const ntfs_stream& stream, std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t cluster = source.geometry().cluster;
  const auto vcn = offset / cluster;
  const auto run = std::ranges::partition_point(stream.runs, [&](const ntfs_run& r) { return r.vcn_end() <= vcn; });
  if (run == stream.runs.end()) return error(errc::decode, "a file is shorter than it says");
  const auto inside = offset - run->vcn * cluster;
  piece p;
  p.where = {run->lcn * cluster + inside, std::min(size, run->count * cluster - inside)};
  p.zeros = run->hole || source.is_hole(p.where);
  return p;
}

}  // namespace

bool ntfs_source::is_hole(range where) const {
  const auto known = device_.extents(where.offset, where.size);
  return known.has_value() && std::ranges::all_of(known.value(), [](const extent& e) { return e.kind == extent_kind::zero; });
}

range_list ntfs_stream::places(const ntfs_geometry& geometry) const {
  range_list list;
  for (const auto& r : runs) {
    if (!r.hole) list.push_back({r.lcn * geometry.cluster, r.count * geometry.cluster});
  }
  return list;
}

result<ntfs_content> read_stream(ntfs_source& source, const ntfs_stream& stream, std::uint64_t offset, byte_span out) {
  auto content = ntfs_content::zeros;
  for (std::size_t done = 0; done < out.size();) {
    TRY(const auto p, piece_at(source, stream, offset + done, out.size() - done));
    const auto part = out.subspan(done, static_cast<std::size_t>(p.where.size));
    if (!p.zeros && content == ntfs_content::zeros) {
      std::ranges::fill(out.first(done), std::byte{0});
      content = ntfs_content::bytes;
    }
    if (!p.zeros) CHECK(source.read(p.where.offset, part));
    if (p.zeros && content == ntfs_content::bytes) std::ranges::fill(part, std::byte{0});
    done += part.size();
  }
  return content;
}

}  // namespace umbra::fs
