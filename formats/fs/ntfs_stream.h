// SPDX-License-Identifier: GPL-3.0-or-later
// The bytes of a non-resident attribute, wherever its clusters lie.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/result.h"
#include "engine/block/extent.h"
#include "engine/io/unaligned_reader.h"
#include "formats/fs/ntfs_boot.h"
#include "formats/fs/ntfs_record.h"

namespace umbra::fs {

// The device below; one thread. Both outlive whoever reads.
class ntfs_source {
 public:
  ntfs_source(io::device& device, const ntfs_geometry& geometry) : device_(device), reader_(device), geometry_(geometry) {}

  const ntfs_geometry& geometry() const { return geometry_; }
  std::uint64_t size() const { return reader_.size(); }
  result<void> read(std::uint64_t offset, byte_span out) { return reader_.read(offset, out); }
  // True if the device knows that the range reads as zeros.
  bool is_hole(range where) const;

 private:
  io::device& device_;
  io::unaligned_reader reader_;
  ntfs_geometry geometry_;
};

struct ntfs_stream {
  std::vector<ntfs_run> runs;  // by VCN, without gaps from 0 on
  std::uint64_t size = 0;
  std::uint64_t initialised = 0;
  std::uint64_t clusters = 0;  // of the volume, holes not counted

  // Where the runs lie on the volume, in order of VCN.
  range_list places(const ntfs_geometry& geometry) const;
};

enum class ntfs_content : std::uint8_t { bytes, zeros };

// Fills `out` with the clusters' bytes, whatever `initialised` says. `zeros`: all of it lies in holes, and `out` is left as it
// was. errc::decode where there are no clusters.
result<ntfs_content> read_stream(ntfs_source& source, const ntfs_stream& stream, std::uint64_t offset, byte_span out);

}  // namespace umbra::fs
