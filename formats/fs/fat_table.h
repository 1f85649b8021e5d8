// SPDX-License-Identifier: GPL-3.0-or-later
// The file allocation tables of a volume: one entry for each cluster, in one or more copies.
#pragma once

#include <cstdint>

#include "engine/base/buffer.h"
#include "engine/io/unaligned_reader.h"
#include "formats/fs/cluster_walk.h"
#include "formats/fs/fat_boot.h"
#include "formats/fs/paged_table.h"

namespace umbra::fs {

class fat_table final : public cluster_chains {
 public:
  // `reader` outlives the table.
  fat_table(io::unaligned_reader& reader, const fat_geometry& geometry);

  // By the copy that counts.
  result<std::uint32_t> after(std::uint32_t cluster) override;

  // Adds what any copy calls used, or `touched` holds. Clusters marked bad are not in use.
  result<void> add_usage(cluster_ranges& out, const cluster_set& touched);

  // Known after add_usage().
  bool copies_differ() const { return copies_differ_; }
  // Whether the second entry says that the volume was properly unmounted, without bad sectors met.
  result<bool> is_clean();

 private:
  std::uint32_t entry_at(byte_view entries, std::uint64_t index) const;
  bool is_used(std::uint32_t entry) const;
  std::uint64_t bytes_of_entries(std::uint64_t count) const { return (count * geometry_.bits + 7) / 8; }
  result<void> read_copy(unsigned copy, std::uint64_t first, byte_span out);
  result<void> add_chunk(std::uint64_t first, std::uint64_t count, cluster_ranges& out, const cluster_set& touched);
  void mark_used(byte_view entries, std::uint64_t count, std::vector<std::uint64_t>& words) const;

  io::unaligned_reader& reader_;
  const fat_geometry geometry_;
  std::uint32_t last_;  // greatest value of an entry; the seven below end a chain, the eighth marks a bad cluster
  paged_table active_;
  buffer chunk_;
  buffer other_;
  bool copies_differ_ = false;
};

}  // namespace umbra::fs
