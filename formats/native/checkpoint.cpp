// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/checkpoint.h"

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/native/record.h"

namespace umbra::native {
namespace {

checkpoint_entry to_wire(const segment_place& s) {
  checkpoint_entry e{};
  e.segment_offset = s.offset;
  e.mini_index_offset = s.mini_index_offset;
  e.mini_index_size = s.mini_index_size;
  e.record_count = s.record_count;
  return e;
}

segment_place from_wire(const checkpoint_entry& e) {
  return {e.segment_offset.value(), e.mini_index_offset.value(), e.mini_index_size.value(), e.record_count.value()};
}

bool lies_within(const segment_place& s, std::uint64_t begin, std::uint64_t end) {
  return is_aligned(s.offset, page_size) && s.offset >= begin && s.mini_index_offset > s.offset &&
         is_aligned(s.mini_index_offset, record_alignment) && s.mini_index_size <= max_plain &&
         fits(s.mini_index_offset, record_extent(s.mini_index_size), end) &&
         s.mini_index_size == sizeof(mini_index_header) + std::uint64_t{s.record_count} * sizeof(mini_index_entry);
}

}  // namespace

std::vector<std::byte> encode_checkpoint(std::uint64_t previous, std::uint32_t first_segment,
                                         std::span<const segment_place> segments) {
  checkpoint_header head{};
  head.previous = previous;
  head.first_segment = first_segment;
  head.count = static_cast<std::uint32_t>(segments.size());
  std::vector<std::byte> bytes(sizeof head + segments.size() * sizeof(checkpoint_entry));
  std::memcpy(bytes.data(), &head, sizeof head);
  auto* at = bytes.data() + sizeof head;
  for (const auto& s : segments) {
    const auto entry = to_wire(s);
    std::memcpy(at, &entry, sizeof entry);
    at += sizeof entry;
  }
  return bytes;
}

result<checkpoint> decode_checkpoint(byte_view bytes, std::uint64_t own_offset) {
  if (bytes.size() < sizeof(checkpoint_header)) return error(errc::decode, "checkpoint is too short");
  const auto head = read_struct<checkpoint_header>(bytes);
  const auto entries = bytes.subspan(sizeof head);
  if (head.count.value() == 0 || entries.size() != std::uint64_t{head.count.value()} * sizeof(checkpoint_entry))
    return error(errc::decode, fmt::format("checkpoint of {} bytes with {} entries", bytes.size(), head.count.value()));

  checkpoint point;
  point.previous = head.previous.value();
  point.first_segment = head.first_segment.value();
  if ((point.previous == 0) != (point.first_segment == 0) || point.previous >= own_offset ||
      !is_aligned(point.previous, page_size))
    return error(errc::decode, fmt::format("checkpoint follows one at {}", point.previous));
  point.segments.reserve(head.count.value());
  auto free_from = point.previous + page_size;  // the superblock takes a page, and so does a checkpoint at least
  for (std::size_t at = 0; at < entries.size(); at += sizeof(checkpoint_entry)) {
    const auto s = from_wire(read_struct<checkpoint_entry>(entries.subspan(at)));
    if (!lies_within(s, free_from, own_offset))
      return error(errc::decode, fmt::format("checkpoint names a segment at {} outside its range", s.offset));
    free_from = s.mini_index_offset + record_extent(s.mini_index_size);
    point.segments.push_back(s);
  }
  return point;
}

}  // namespace umbra::native
