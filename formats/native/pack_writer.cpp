// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/pack_writer.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "formats/native/checkpoint.h"
#include "formats/native/footer.h"
#include "formats/native/mini_index.h"
#include "formats/native/segment_buffer.h"

namespace umbra::native {
namespace {

// Room for the record that takes a segment past its target, its mini-index and padding, as they usually are.
constexpr std::size_t usual_overshoot = std::size_t{512} << 10;

void zero_fill(byte_span bytes) {
  if (!bytes.empty()) std::memset(bytes.data(), 0, bytes.size());
}

}  // namespace

struct pack_writer::state {
  std::unique_ptr<store::object_writer> out;
  superblock_info super;
  const content_hasher& hasher;
  pack_shape shape;
  segment_buffer gathered;    // not handed to `out` yet
  std::uint64_t written = 0;  // handed to `out`
  std::uint64_t next_sequence = 0;
  std::uint64_t segment_offset = 0;             // of the open segment
  std::vector<segment_record> open_segment;     // its records
  std::uint32_t segment_count = 0;              // closed ones
  std::vector<segment_place> since_checkpoint;  // closed ones that no checkpoint names yet
  std::uint64_t last_checkpoint = 0;
  std::vector<pack_section> sections;
  std::vector<indexed_record> index;
  bool given_up = false;

  state(std::unique_ptr<store::object_writer> to, const superblock_info& s, const content_hasher& h, const pack_shape& p)
      : out(std::move(to)), super(s), hasher(h), shape(p), gathered(p.segment_size + usual_overshoot) {}

  std::uint64_t position() const { return written + gathered.size(); }

  result<void> check_usable() const {
    if (given_up) return error(errc::internal, "write to a pack that was given up");
    return success();
  }

  result<void> flush() {
    const std::array<byte_view, 1> pieces{gathered.view()};
    given_up = true;
    CHECK(out->append(pieces));
    given_up = false;
    written += gathered.size();
    gathered.clear();
    return success();
  }

  // The hot path: one header with its CRC, one copy.
  std::uint64_t put(const record& r) {
    const auto offset = position();
    const auto header = encode_header(r, super.pack, offset, next_sequence++);
    const auto place = gathered.extend(record_extent(static_cast<std::uint32_t>(r.stored.size())));
    std::memcpy(place.data(), &header, sizeof header);
    if (!r.stored.empty()) std::memcpy(place.data() + sizeof header, r.stored.data(), r.stored.size());
    zero_fill(place.subspan(sizeof header + r.stored.size()));
    return offset;
  }

  std::uint64_t put_in_segment(const record& r) {
    if (open_segment.empty()) segment_offset = position();
    const auto offset = put(r);
    open_segment.push_back(
        {r.id, offset, static_cast<std::uint32_t>(r.stored.size()), r.plain_size, r.type, static_cast<std::uint8_t>(r.codec)});
    return offset;
  }

  bool segment_is_full() const {
    return position() - segment_offset >= shape.segment_size || open_segment.size() == max_segment_records;
  }

  // Padding up to a multiple of 4096 that is not below `least`.
  void pad(std::uint64_t least = 0) {
    const auto here = position();
    auto end = align_up(std::max(here, least), page_size);
    if (end == here) return;
    if (end - here < sizeof(record_header)) end += page_size;
    const std::vector<std::byte> zeros(end - here - sizeof(record_header));
    record r;
    r.type = record_type::padding;
    r.plain_size = static_cast<std::uint32_t>(zeros.size());
    r.checksum = checksum(zeros);
    r.stored = zeros;
    put(r);
  }

  result<void> close_segment(std::uint64_t next_not_below = 0) {
    const auto bytes = encode_mini_index(segment_count, segment_offset, open_segment);
    const auto offset = put(plain_record(record_type::mini_index, hasher, bytes));
    since_checkpoint.push_back(
        {segment_offset, offset, static_cast<std::uint32_t>(bytes.size()), static_cast<std::uint32_t>(open_segment.size())});
    pad(next_not_below);
    ++segment_count;
    open_segment.clear();
    if (since_checkpoint.size() >= shape.segments_per_checkpoint) put_checkpoint();
    return flush();
  }

  void put_checkpoint() {
    const auto first = segment_count - static_cast<std::uint32_t>(since_checkpoint.size());
    const auto bytes = encode_checkpoint(last_checkpoint, first, since_checkpoint);
    last_checkpoint = put(plain_record(record_type::checkpoint, hasher, bytes));
    since_checkpoint.clear();
    pad();
  }

  void put_footer() {
    footer_info info;
    info.pack = super.pack;
    info.pack_size = position() + sizeof(footer);
    info.record_count = next_sequence;
    info.segment_count = segment_count;
    info.last_checkpoint = last_checkpoint;
    info.words = super.words;
    info.sections = sections;
    const auto last = encode(info);
    std::memcpy(gathered.extend(sizeof last).data(), &last, sizeof last);
  }

  result<void> check_record(const record& r) const {
    if (r.type != record_type::data && r.type != record_type::leaf && r.type != record_type::node)
      return error(errc::usage, fmt::format("record type {} is not the caller's to write", static_cast<unsigned>(r.type)));
    const auto limit = r.type == record_type::data ? super.domain.block_size : max_plain;
    if (r.plain_size > limit || r.stored.size() > max_plain)
      return error(errc::out_of_range, fmt::format("record of {} bytes, stored as {}", r.plain_size, r.stored.size()));
    if (r.codec == codec::codec_id::none && r.plain_size != r.stored.size())
      return error(errc::usage, fmt::format("record of {} bytes, stored raw as {}", r.plain_size, r.stored.size()));
    return success();
  }
};

pack_writer::pack_writer() = default;
pack_writer::~pack_writer() = default;

result<std::unique_ptr<pack_writer>> pack_writer::start(std::unique_ptr<store::object_writer> out, const superblock_info& super,
                                                        const content_hasher& hasher, const pack_shape& shape) {
  if (super.kind != superblock_kind::pack || super.pack.session.is_none())
    return error(errc::usage, "a pack needs a session and a superblock of a pack");
  std::unique_ptr<pack_writer> writer(new pack_writer);
  writer->state_ = std::make_unique<state>(std::move(out), super, hasher, shape);
  auto& s = *writer->state_;
  const auto first = encode(super);
  std::memcpy(s.gathered.extend(sizeof first).data(), &first, sizeof first);
  CHECK(s.flush());
  return writer;
}

image::pack_id pack_writer::id() const { return state_->super.pack; }

std::uint64_t pack_writer::size() const { return state_->position(); }

result<image::location> pack_writer::append(const record& r) {
  auto& s = *state_;
  CHECK(s.check_usable());
  CHECK(s.check_record(r));
  const auto stored_size = static_cast<std::uint32_t>(r.stored.size());
  const auto offset = s.put_in_segment(r);
  if (r.type == record_type::data) s.index.push_back({r.id, offset, stored_size, r.plain_size});
  if (s.segment_is_full()) CHECK(s.close_segment());
  return image::location{s.super.pack, offset, stored_size};
}

result<void> pack_writer::append_manifest(byte_view manifest) {
  auto& s = *state_;
  CHECK(s.check_usable());
  if (!s.sections.empty()) return error(errc::usage, "a pack carries one manifest");
  if (manifest.size() > max_plain)
    return error(errc::out_of_range,
                 fmt::format("manifest of {} bytes; a single file carries up to {}", manifest.size(), max_plain));
  const auto r = plain_record(record_type::manifest, s.hasher, manifest);
  const auto size = r.plain_size;
  s.sections.push_back({section_type::manifest, 0, s.put_in_segment(r), size, size});
  CHECK(s.close_segment(s.position() + page_size));
  s.sections.push_back({section_type::manifest, 1, s.put_in_segment(r), size, size});
  if (s.segment_is_full()) CHECK(s.close_segment());
  return success();
}

result<std::uint64_t> pack_writer::finish() {
  auto& s = *state_;
  CHECK(s.check_usable());
  if (!s.open_segment.empty()) CHECK(s.close_segment());
  if (!s.since_checkpoint.empty()) s.put_checkpoint();
  s.put_footer();
  CHECK(s.flush());
  s.given_up = true;  // nothing may follow, whether finish() succeeds or not
  CHECK(s.out->finish());
  return s.written;
}

std::vector<indexed_record> pack_writer::take_index() { return std::exchange(state_->index, {}); }

}  // namespace umbra::native
