// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/pack_order.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/block/zero.h"

namespace umbra::native {
namespace {

// Manifest copies kept for comparison with the footer: more than it can name is damage already.
constexpr std::size_t max_manifests = max_sections + 1;

}  // namespace

pack_order::pack_order(const superblock_info& super, complain report)
    : super_(super), hasher_(super.domain.id_key), report_(std::move(report)) {}

void pack_order::lost() {
  sequence_unsure_ = segment_unsure_ = checkpoint_unsure_ = footer_unsure_ = true;
  padding_may_follow_ = true;
}

void pack_order::record(const record_info& info, std::uint64_t offset, byte_view stored, bool checksum_ok) {
  check_sequence(info, offset);
  check_alignment(info, offset);
  switch (info.type) {
    case record_type::mini_index: close_segment(info, offset, stored, checksum_ok); break;
    case record_type::checkpoint: checkpointed(info, offset, stored, checksum_ok); break;
    case record_type::padding: padded(info, offset, stored, checksum_ok); break;
    default: in_segment(info, offset); break;
  }
  sequence_unsure_ = false;
}

void pack_order::check_sequence(const record_info& info, std::uint64_t offset) {
  if (!sequence_unsure_ && info.sequence != next_sequence_)
    report_(offset, fmt::format("record {} where {} is due", info.sequence, next_sequence_));
  next_sequence_ = info.sequence + 1;
}

// Segments and checkpoints begin on a page: padding fills up what their closing records leave.
void pack_order::check_alignment(const record_info& info, std::uint64_t offset) {
  const bool begins = segment_.empty() && info.type != record_type::padding && info.type != record_type::mini_index;
  if (begins && !sequence_unsure_ && !is_aligned(offset, page_size)) report_(offset, "a segment begins off its page");
}

void pack_order::in_segment(const record_info& info, std::uint64_t offset) {
  padding_may_follow_ = false;
  if (info.type == record_type::data && info.plain_size > super_.domain.block_size)
    report_(offset, fmt::format("a block of {} bytes; the pack's largest is {}", info.plain_size, super_.domain.block_size));
  if (segment_.empty()) segment_offset_ = offset;
  if (segment_.size() == max_segment_records) {  // hostile: no mini-index could name them, and memory has a ceiling
    if (!segment_unsure_) report_(offset, "a segment of too many records");
    segment_.clear();
    segment_unsure_ = true;
  }
  segment_.push_back({info.id, offset, info.stored_size, info.plain_size, info.type, static_cast<std::uint8_t>(info.codec)});
  if (info.type == record_type::manifest && info.codec != codec::codec_id::none)
    report_(offset, "a manifest that is not stored plain");
  if (info.type == record_type::manifest && manifests_.size() < max_manifests)
    manifests_.push_back({section_type::manifest, 0, offset, info.stored_size, info.plain_size});
}

void pack_order::close_segment(const record_info& info, std::uint64_t offset, byte_view stored, bool checksum_ok) {
  segment_place place{segment_offset_, offset, info.stored_size, static_cast<std::uint32_t>(segment_.size())};
  if (checksum_ok) {
    check_id(info, offset, stored);
    const auto index = decode_mini_index(stored, offset);
    if (index.has_error()) {
      report_(offset, index.assume_error().text());
    } else {
      compare_index(index.assume_value(), offset);
      place.offset = index.assume_value().segment_offset;
      place.record_count = static_cast<std::uint32_t>(index.assume_value().records.size());
    }
  }
  ++segment_count_;
  if (since_checkpoint_.size() == max_checkpoint_segments) {
    since_checkpoint_.clear();
    checkpoint_unsure_ = true;
  }
  since_checkpoint_.push_back(place);
  segment_.clear();
  segment_unsure_ = false;
  padding_may_follow_ = true;
}

void pack_order::compare_index(const mini_index& index, std::uint64_t offset) {
  if (segment_unsure_) {  // the rest of the segment, or the numbers of whole segments, lie in the lost part
    segment_count_ = index.segment;
    return;
  }
  if (index.segment != segment_count_)
    report_(offset, fmt::format("mini-index of segment {} in segment {}", index.segment, segment_count_));
  if (index.segment_offset != segment_offset_ || index.records != segment_)
    report_(offset, "mini-index does not list the records of its segment");
}

void pack_order::checkpointed(const record_info& info, std::uint64_t offset, byte_view stored, bool checksum_ok) {
  if (!segment_.empty() && !segment_unsure_) report_(offset, "a checkpoint inside a segment");
  if (!segment_.empty()) segment_.clear();
  if (checksum_ok) {
    check_id(info, offset, stored);
    const auto point = decode_checkpoint(stored, offset);
    if (point.has_error())
      report_(offset, point.assume_error().text());
    else
      compare_checkpoint(point.assume_value(), offset);
  }
  last_checkpoint_ = offset;
  since_checkpoint_.clear();
  checkpoint_unsure_ = segment_unsure_ = false;
  padding_may_follow_ = true;
}

void pack_order::compare_checkpoint(const checkpoint& point, std::uint64_t offset) {
  const auto end = std::uint64_t{point.first_segment} + point.segments.size();
  if (checkpoint_unsure_) {
    segment_count_ = end;
    return;
  }
  if (end != segment_count_ || point.segments != since_checkpoint_)
    report_(offset, "checkpoint does not name the segments since the one before it");
  if (point.previous != last_checkpoint_)
    report_(offset, fmt::format("checkpoint follows one at {}; the last one lies at {}", point.previous, last_checkpoint_));
}

void pack_order::padded(const record_info& info, std::uint64_t offset, byte_view stored, bool checksum_ok) {
  if (!padding_may_follow_) report_(offset, "padding where none belongs");
  if (!is_aligned(offset + info.extent(), page_size)) report_(offset, "padding does not end on a page");
  if (!info.id.is_none()) report_(offset, "padding with an id");
  if (checksum_ok && !is_zero(stored)) report_(offset, "padding holds other bytes than zeros");
  padding_may_follow_ = false;
}

void pack_order::check_id(const record_info& info, std::uint64_t offset, byte_view stored) {
  if (info.codec != codec::codec_id::none) return report_(offset, "an index record that is not stored plain");
  if (hasher_(stored) != info.id) report_(offset, "an index record's id is not that of its bytes");
}

void pack_order::check_section(const pack_section& section) {
  if (section.type != section_type::manifest || footer_unsure_) return;
  const auto same = [&](const pack_section& seen) {
    return seen.offset == section.offset && seen.stored_size == section.stored_size && seen.plain_size == section.plain_size;
  };
  if (std::none_of(manifests_.begin(), manifests_.end(), same))
    report_(section.offset, "the footer names a manifest that does not lie here");
}

void pack_order::end(const footer_info& info, std::uint64_t offset) {
  ended_ = true;
  if (!segment_unsure_ && !segment_.empty()) report_(offset, "the footer stands inside a segment");
  if (!sequence_unsure_ && info.record_count != next_sequence_)
    report_(offset, fmt::format("the footer counts {} records; there are {}", info.record_count, next_sequence_));
  if (!segment_unsure_ && info.segment_count != segment_count_)
    report_(offset, fmt::format("the footer counts {} segments; there are {}", info.segment_count, segment_count_));
  if (!checkpoint_unsure_ && (info.last_checkpoint != last_checkpoint_ || !since_checkpoint_.empty()))
    report_(offset, "the footer does not name the last checkpoint, or segments follow it");
  for (const auto& section : info.sections) check_section(section);
  if (!footer_unsure_ && manifests_.size() > info.sections.size())
    report_(offset, "the footer names fewer manifests than there are");
}

}  // namespace umbra::native
