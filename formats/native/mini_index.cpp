// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/mini_index.h"

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/native/record.h"

namespace umbra::native {
namespace {

mini_index_entry to_wire(const segment_record& r) {
  mini_index_entry e{};
  e.content_id = r.id.bytes;
  e.offset = r.offset;
  e.stored_size = r.stored_size;
  e.plain_size = r.plain_size;
  e.type = static_cast<std::uint16_t>(r.type);
  e.codec = r.codec;
  return e;
}

segment_record from_wire(const mini_index_entry& e) {
  segment_record r;
  r.id.bytes = e.content_id;
  r.offset = e.offset.value();
  r.stored_size = e.stored_size.value();
  r.plain_size = e.plain_size.value();
  r.type = static_cast<record_type>(e.type.value());
  r.codec = e.codec.value();
  return r;
}

bool lies_within(const segment_record& r, std::uint64_t begin, std::uint64_t end) {
  return is_aligned(r.offset, record_alignment) && r.offset >= begin && fits(r.offset, record_extent(r.stored_size), end) &&
         r.stored_size <= max_plain && r.plain_size <= max_plain;
}

}  // namespace

std::vector<std::byte> encode_mini_index(std::uint32_t segment, std::uint64_t segment_offset,
                                         std::span<const segment_record> records) {
  mini_index_header head{};
  head.segment = segment;
  head.count = static_cast<std::uint32_t>(records.size());
  head.segment_offset = segment_offset;
  std::vector<std::byte> bytes(sizeof head + records.size() * sizeof(mini_index_entry));
  std::memcpy(bytes.data(), &head, sizeof head);
  auto* at = bytes.data() + sizeof head;
  for (const auto& r : records) {
    const auto entry = to_wire(r);
    std::memcpy(at, &entry, sizeof entry);
    at += sizeof entry;
  }
  return bytes;
}

result<mini_index> decode_mini_index(byte_view bytes, std::uint64_t own_offset) {
  if (bytes.size() < sizeof(mini_index_header)) return error(errc::decode, "mini-index is too short");
  const auto head = read_struct<mini_index_header>(bytes);
  const auto entries = bytes.subspan(sizeof head);
  if (head.count.value() == 0 || entries.size() != std::uint64_t{head.count.value()} * sizeof(mini_index_entry))
    return error(errc::decode, fmt::format("mini-index of {} bytes with {} entries", bytes.size(), head.count.value()));

  mini_index index;
  index.segment = head.segment.value();
  index.segment_offset = head.segment_offset.value();
  if (index.segment_offset < page_size || !is_aligned(index.segment_offset, page_size))
    return error(errc::decode, fmt::format("mini-index of a segment at {}", index.segment_offset));
  index.records.reserve(head.count.value());
  auto free_from = index.segment_offset;
  for (std::size_t at = 0; at < entries.size(); at += sizeof(mini_index_entry)) {
    const auto r = from_wire(read_struct<mini_index_entry>(entries.subspan(at)));
    if (!lies_within(r, free_from, own_offset))
      return error(errc::decode, fmt::format("mini-index names a record at {} outside its segment", r.offset));
    free_from = r.offset + record_extent(r.stored_size);
    index.records.push_back(r);
  }
  return index;
}

}  // namespace umbra::native
