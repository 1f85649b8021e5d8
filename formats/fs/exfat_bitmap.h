// SPDX-License-Identifier: GPL-3.0-or-later
// The structures of exFAT that lie in clusters themselves: allocation bitmaps and the up-case table.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/buffer.h"
#include "engine/io/unaligned_reader.h"
#include "formats/fs/cluster_space.h"

namespace umbra::fs {

class cluster_set;

// Some bytes in several places, in their order.
class scattered_bytes {
 public:
  scattered_bytes(io::unaligned_reader& reader, std::vector<range> places) : reader_(&reader), places_(std::move(places)) {}
  std::uint64_t size() const;
  // errc::out_of_range behind the end.
  result<void> read(std::uint64_t offset, byte_span out);

 private:
  io::unaligned_reader* reader_;
  std::vector<range> places_;
};

// Adds what any of the bitmaps or `touched` holds.
result<void> add_bitmaps(std::vector<scattered_bytes>& bitmaps, const cluster_set& touched, std::uint32_t clusters,
                         cluster_ranges& out);

// errc::decode if a bitmap calls a cluster of this index free.
result<void> check_claimed(std::vector<scattered_bytes>& bitmaps, std::uint64_t index);

// errc::decode if the table's size is impossible, or its checksum another one.
result<void> check_upcase(scattered_bytes& table, std::uint64_t size, std::uint32_t checksum);

}  // namespace umbra::fs
