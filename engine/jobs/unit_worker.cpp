// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/unit_worker.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/block/zero.h"
#include "engine/plan/cuts.h"

namespace umbra::jobs {
namespace {

using image::block_state;

std::uint64_t seed_from(const image::session_id& id) { return read_struct<std::uint64_t>(id.view()); }

}  // namespace

struct unit_worker::context {
  handled_unit out;
  range_list unreadable;  // normalised; usually empty
  byte_span encode_area;  // second half of the unit's memory
  std::size_t encode_used = 0;

  unit& work() { return out.work; }
  const region_plan& region() const { return *out.work.region; }

  // Why the segment's bytes are not there; null if they are, or are not needed.
  const error* failure_of(const segment& s) {
    if (s.what == segment::kind::known) return nullptr;
    const auto* r = work().read_of(s.offset, s.size);
    return r == nullptr || r->transfer.outcome.has_value() ? nullptr : &r->transfer.outcome.assume_error();
  }

  void add(range r, block_state state) {
    auto& blocks = out.blocks;
    if (!blocks.empty() && blocks.back().block.state == state && state != block_state::stored &&
        blocks.back().block.end() == r.offset) {
      blocks.back().block.size += r.size;
      return;
    }
    handled_block h;
    h.block.offset = r.offset;
    h.block.size = r.size;
    h.block.state = state;
    blocks.push_back(h);
  }
};

unit_worker::unit_worker(std::span<const backup_source> sources, image::image_writer& writer, const backup_options& options,
                         std::unique_ptr<codec::encoder> encoder)
    : sources_(sources),
      writer_(writer),
      options_(options),
      encoder_(std::move(encoder)),
      change_(writer.keys().secret),
      content_(writer.keys().id_key),
      audit_seed_(seed_from(writer.id())) {}

result<std::unique_ptr<unit_worker>> unit_worker::make(std::span<const backup_source> sources, image::image_writer& writer,
                                                       const backup_options& options) {
  TRY(auto encoder, options.make_encoder ? options.make_encoder() : codec::make_encoder(options.codec));
  return std::unique_ptr<unit_worker>(new unit_worker(sources, writer, options, std::move(encoder)));
}

result<handled_unit> unit_worker::handle(unit u) {
  context c;
  c.out.work = std::move(u);
  if (!c.work().region) return std::move(c.out);
  const auto memory = c.work().memory.span();
  c.encode_area = memory.subspan(memory.size() / 2);
  CHECK(look_at_reads(c));
  handle_segments(c);
  // With nothing to append the buffer goes to the next read while it is still in the processor's cache.
  if (std::ranges::none_of(c.out.blocks, &handled_block::fresh)) c.work().memory = {};
  return std::move(c.out);
}

// What the unit wants to know: its reads also cover small gaps between, whose loss is nobody's.
range_list unit_worker::wanted_ranges(context& c) {
  range_list wanted;
  const auto& segments = c.region().segments;
  for (std::size_t i = 0; i < c.work().segment_count; ++i) {
    const auto& s = segments[c.work().first_segment + i];
    if (s.what != segment::kind::known) wanted.push_back({s.offset, s.size});
  }
  normalise(wanted);
  return wanted;
}

result<void> unit_worker::look_at_reads(context& c) {
  for (const auto& r : c.work().reads) {
    const auto& outcome = r.transfer.outcome;
    if (outcome.has_value()) c.out.bytes_read += r.size;
    if (outcome.has_error() && outcome.assume_error().code() != errc::io_read) return outcome.assume_error();
  }
  if (c.work().unread.empty()) return success();
  const auto wanted = wanted_ranges(c);
  for (const auto& f : c.work().unread) {
    for (const auto& lost : clip(wanted, f.where)) {
      c.out.faults.push_back({fault::kind::unreadable, c.work().source, lost.offset, lost.size, f.reason, !f.tried});
      c.unreadable.push_back(lost);
    }
  }
  normalise(c.unreadable);
  return success();
}

void unit_worker::handle_segments(context& c) {
  const auto& segments = c.region().segments;
  const auto first = segments.begin() + static_cast<std::ptrdiff_t>(c.work().first_segment);
  const auto last = first + static_cast<std::ptrdiff_t>(c.work().segment_count);
  range changed;  // consecutive candidates that did change: cut anew as one
  const auto flush = [&] {
    if (changed.size > 0) recut(c, changed);
    changed = {};
  };
  for (auto s = first; s != last; ++s) {
    if (const auto* why = c.failure_of(*s)) {
      flush();
      c.out.missing.push_back({{s->offset, s->size}, {}, why->message()});
      if (s->what == segment::kind::candidate) c.out.missing.back().parent = *s->parent;
      continue;
    }
    const auto bytes = s->what == segment::kind::known ? byte_view{} : c.work().bytes(s->offset, s->size);
    if (s->what == segment::kind::candidate) {
      if (is_unchanged(c, *s, bytes)) {
        flush();
        handled_block h;
        h.block = *s->parent;
        h.unchanged = true;
        c.out.blocks.push_back(h);
      } else {
        if (changed.size == 0) changed.offset = s->offset;
        changed.size = s->end() - changed.offset;
      }
      continue;
    }
    flush();
    if (s->what == segment::kind::known) {
      c.add({s->offset, s->size}, s->state);
    } else {
      handle_fresh(c, {s->offset, s->size});
    }
  }
  flush();
}

bool unit_worker::is_unchanged(context& c, const segment& s, byte_view bytes) {
  if (!c.unreadable.empty() && !clip(c.unreadable, {s.offset, s.size}).empty()) return false;
  if (change_(bytes) != s.parent->change) return false;
  return !audit_finds_change(c, *s.parent, bytes);
}

// The change hash said "unchanged". For a sample that differs from run to run the content id has the last word.
bool unit_worker::audit_finds_change(context& c, const image::block& b, byte_view bytes) {
  constexpr std::uint64_t scale = 1'000'000;
  const auto limit = static_cast<std::uint64_t>(options_.audit_percent / 100.0 * static_cast<double>(scale));
  if (limit == 0) return false;
  const std::uint64_t place[2] = {c.work().source, b.offset};
  if (checksum(bytes_of(place), audit_seed_) % scale >= limit) return false;
  ++c.out.audited_blocks;
  if (content_(bytes) == b.id) return false;
  c.out.faults.push_back({fault::kind::audit, c.work().source, b.offset, b.size,
                          "the change hash called this block unchanged, its content id differs; it was stored anew"});
  return true;
}

void unit_worker::recut(context& c, range r) {
  const auto* allocation = sources_[c.work().source].allocation;
  std::span<const plan::file_extent> files;
  if (allocation != nullptr) files = allocation->files;
  for (const auto& piece : plan::cut(r, files, writer_.keys().block_size)) handle_fresh(c, piece);
}

void unit_worker::handle_fresh(context& c, range r) {
  if (c.unreadable.empty()) return handle_readable(c, r);
  const auto bad = clip(c.unreadable, r);
  auto at = r.offset;
  for (const auto& b : bad) {
    if (b.offset > at) handle_readable(c, {at, b.offset - at});
    c.add(b, block_state::unreadable);
    at = b.end();
  }
  if (at < r.end()) handle_readable(c, {at, r.end() - at});
}

void unit_worker::handle_readable(context& c, range r) {
  const auto plain = c.work().bytes(r.offset, r.size);
  if (is_zero(plain)) return c.add(r, block_state::zero);
  handled_block h;
  h.block.offset = r.offset;
  h.block.size = r.size;
  h.block.state = block_state::stored;
  h.block.change = change_(plain);
  h.block.id = content_(plain);
  if (const auto known = writer_.find(h.block.id, static_cast<std::uint32_t>(r.size))) {
    h.block.where = *known;
  } else {
    h.fresh = true;
    h.stored = encode(c, h.block, plain, h);
    h.checksum = checksum(h.stored);
    const bool checked = options_.check == self_check::all ||
                         (options_.check == self_check::sample && std::to_integer<unsigned>(h.block.id.bytes[0]) < 16);
    if (checked && !survives(h, plain)) {
      c.out.faults.push_back({fault::kind::codec, c.work().source, r.offset, r.size,
                              "the encoded record did not decode to what went in; it was stored raw"});
      h.codec = static_cast<std::uint8_t>(codec::codec_id::none);
      h.stored = plain;
      h.checksum = checksum(h.stored);
    }
  }
  c.out.blocks.push_back(h);
}

byte_view unit_worker::encode(context& c, const image::block& b, byte_view plain, handled_block& out) {
  const auto room = c.encode_area.subspan(c.encode_used);
  const auto size = room.size() >= b.size ? encoder_->encode(plain, room) : 0;
  if (size == 0) {
    out.codec = static_cast<std::uint8_t>(codec::codec_id::none);
    return plain;
  }
  out.codec = static_cast<std::uint8_t>(encoder_->id());
  c.encode_used += size;
  return room.first(size);
}

// What a reader would do with the record, before anybody relies on it.
bool unit_worker::survives(const handled_block& out, byte_view plain) {
  if (out.codec == static_cast<std::uint8_t>(codec::codec_id::none)) return true;
  decoded_.resize(std::max(decoded_.size(), plain.size()));
  const auto target = byte_span(decoded_).first(plain.size());
  if (decoder_.decode(static_cast<codec::codec_id>(out.codec), out.stored, target).has_error()) return false;
  return std::memcmp(target.data(), plain.data(), plain.size()) == 0 && checksum(out.stored) == out.checksum;
}

}  // namespace umbra::jobs
