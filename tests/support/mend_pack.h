// SPDX-License-Identifier: GPL-3.0-or-later
// Makes changed bytes of a pack look genuine: seals, header CRCs and checksums are computed again, from the layout alone. For
// tests and fuzzing of what stands behind the checksums.
#pragma once

#include <algorithm>
#include <vector>

#include "engine/base/units.h"
#include "engine/block/hash.h"
#include "formats/native/layout.h"

namespace umbra::test {

// `sealed` ends with the seal of all its bytes before.
inline void mend_seal(byte_span sealed) {
  const auto covered = sealed.first(sealed.size() - seal::size);
  const auto value = seal_of(covered);
  std::copy(value.bytes.begin(), value.bytes.end(), sealed.last(seal::size).begin());
}

// The record header at `offset` of a pack that starts with its superblock.
inline void mend_header(byte_span pack, std::uint64_t offset) {
  using namespace native;
  const auto header = pack.subspan(static_cast<std::size_t>(offset), sizeof(record_header));
  std::vector<std::byte> covered;
  const auto add = [&](byte_view bytes) { covered.insert(covered.end(), bytes.begin(), bytes.end()); };
  u64 place;
  place = offset;
  add(byte_view(pack).subspan(offsetof(superblock, session), 20));  // session and pack number
  add(bytes_of(place));
  add(byte_view(header).first(60));
  add(byte_view(header).subspan(64));
  u32 crc;
  crc = crc32c(covered);
  std::copy_n(bytes_of(crc).begin(), 4, header.begin() + 60);
}

// Header and checksum of the record at `offset`, with the sizes that its header names; false if they reach beyond the end.
inline bool mend_record(byte_span pack, std::uint64_t offset) {
  using namespace native;
  if (!fits(offset, sizeof(record_header), pack.size())) return false;
  auto header = read_struct<record_header>(byte_view(pack).subspan(static_cast<std::size_t>(offset)));
  const auto payload = offset + header.header_size.value();
  if (!fits(payload, header.stored_size.value(), pack.size())) return false;
  header.stored_checksum = checksum(byte_view(pack).subspan(static_cast<std::size_t>(payload), header.stored_size.value()));
  std::copy_n(bytes_of(header).begin(), sizeof header, pack.begin() + static_cast<std::ptrdiff_t>(offset));
  mend_header(pack, offset);
  return true;
}

// Superblock, every record that can be found from header to header, and what stands in the last page.
inline void mend_pack(byte_span pack) {
  using namespace native;
  if (pack.size() < 2 * page_size) return;
  mend_seal(pack.first(page_size));
  const auto end = align_down(pack.size(), page_size) - page_size;
  for (std::uint64_t at = page_size; at < end;) {
    const auto rest = byte_view(pack).subspan(static_cast<std::size_t>(at));
    const bool is_record =
        rest.size() >= sizeof(record_header) &&
        (std::equal(data_magic.begin(), data_magic.end(), rest.begin(), [](auto a, auto b) { return std::byte{a} == b; }) ||
         std::equal(meta_magic.begin(), meta_magic.end(), rest.begin(), [](auto a, auto b) { return std::byte{a} == b; }));
    if (!is_record || !mend_record(pack, at)) {
      at += record_alignment;
      continue;
    }
    const auto header = read_struct<record_header>(rest);
    at += std::max<std::uint64_t>(align_up(std::uint64_t{header.header_size.value()} + header.stored_size.value(), 16), 16);
  }
  mend_seal(pack.subspan(static_cast<std::size_t>(end), page_size));
}

}  // namespace umbra::test
