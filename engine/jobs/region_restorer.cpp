// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/region_restorer.h"

#include <algorithm>
#include <cstring>

#include "engine/base/units.h"
#include "engine/block/zero.h"

namespace umbra::jobs {
namespace {

constexpr std::uint64_t write_size = 1_MiB;

}  // namespace

region_restorer::region_restorer(image::image_reader& image, std::size_t source, io::device& target,
                                 const restore_options& options)
    : image_(image),
      source_(source),
      target_(target),
      options_(options),
      unit_(std::max<std::uint64_t>(1, target.geometry().alignment)) {}

result<std::unique_ptr<region_restorer>> region_restorer::make(image::image_reader& image, std::size_t source, io::device& target,
                                                               const restore_options& options) {
  std::unique_ptr<region_restorer> r(new region_restorer(image, source, target, options));
  const auto depth = std::max(2u, options.writes_in_flight);
  TRY(r->queue_, target.open_queue(depth));
  const auto size = std::max<std::uint64_t>(write_size, image.info().block_size) + 3 * r->unit_;
  for (unsigned i = 0; i < depth; ++i) {
    auto s = std::make_unique<slot>();
    s->memory = buffer(size);
    r->slots_.push_back(std::move(s));
  }
  if (options.delta) r->compare_ = buffer(size);
  return r;
}

result<void> region_restorer::take(const walk_item& item) {
  if (item.region) return take_region(*item.region);
  return add_zeros(item.uniform, item.state);
}

result<void> region_restorer::take_region(const image::region& r) {
  for (const auto& b : r.blocks) {
    if (b.state == image::block_state::stored) {
      CHECK(add_stored(b));
    } else {
      CHECK(add_zeros({b.offset, b.size}, b.state));
    }
  }
  // Regions of other threads follow: nothing may stay open across the border, which is aligned.
  return write_open();
}

result<void> region_restorer::take_damaged(range where, const error& e) {
  report_.faults.add({fault::kind::damaged, source_, where.offset, where.size, e.message()});
  return add_zeros(where, image::block_state::zero);
}

result<void> region_restorer::add_stored(const image::block& b) {
  TRY(const auto out, room_for({b.offset, b.size}));
  auto read = image_.fetch(b, out);
  if (read.has_error()) {
    report_.faults.add({fault::kind::damaged, source_, b.offset, b.size, read.assume_error().message()});
    std::ranges::fill(out, std::byte{0});
  }
  return success();
}

// Makes `r` the end of the open write and gives its memory. Writes start at a multiple of unit_: when one starts or is cut off
// inside a sector, the bytes before are zeros that add_zeros left to it, or the tail of the write before.
result<byte_span> region_restorer::room_for(range r) {
  if (open_ != nullptr && open_->filled.end() != r.offset) CHECK(write_open());
  if (open_ != nullptr && open_->filled.size + r.size > open_->memory.size()) CHECK(write_whole_sectors());
  if (open_ == nullptr) {
    TRY(open_, free_slot());
    const auto start = r.offset / unit_ * unit_;
    open_->filled = {start, r.offset - start};
    std::memset(open_->memory.data(), 0, r.offset - start);
  }
  const auto out = open_->memory.span().subspan(open_->filled.size, r.size);
  open_->filled.size += r.size;
  return out;
}

// Writes what is open up to its last whole sector and keeps the rest open.
result<void> region_restorer::write_whole_sectors() {
  auto& full = *open_;
  const auto tail = full.filled.size % unit_;
  if (tail == 0) return write_open();
  slot* next = nullptr;
  TRY(next, free_slot());
  full.filled.size -= tail;
  next->filled = {full.filled.end(), tail};
  std::memcpy(next->memory.data(), full.memory.data() + full.filled.size, tail);
  CHECK(write_open());
  open_ = next;
  return success();
}

// Sectors that a range of zeros shares with its neighbours are written, whole sectors are zeroed.
result<void> region_restorer::add_zeros(range r, image::block_state state) {
  if (state == image::block_state::unreadable) report_.unreadable_bytes += r.size;
  const bool at_target_end = r.end() == target_.geometry().size;
  const auto start = std::min(r.end(), align_up(r.offset, unit_));
  const auto end = at_target_end ? r.end() : std::max(start, r.end() / unit_ * unit_);
  CHECK(add_zero_bytes({r.offset, start - r.offset}));
  if (end > start) {
    CHECK(write_open());
    CHECK(zero({start, end - start}));
  }
  return add_zero_bytes({end, r.end() - end});
}

result<void> region_restorer::add_zero_bytes(range r) {
  if (r.size == 0) return success();
  TRY(const auto out, room_for(r));
  std::ranges::fill(out, std::byte{0});
  return success();
}

// A source that ends inside a sector of a larger target: what the target holds behind it stays.
result<void> region_restorer::complete_last_sector(slot& s) {
  const auto end = s.filled.end();
  const auto target_end = target_.geometry().size;
  if (end % unit_ == 0 || end == target_end) return success();
  const auto start = end / unit_ * unit_;
  buffer sector(unit_);
  const auto present = sector.span().first(std::min(unit_, target_end - start));  // the target's own last one may be short
  CHECK(target_.read(start, present));
  const auto missing = present.size() - end % unit_;
  std::memcpy(s.memory.data() + s.filled.size, sector.data() + end % unit_, missing);
  s.filled.size += missing;
  return success();
}

// A fresh sparse file needs no holes punched; with --write-zeros they are wanted as bytes.
result<void> region_restorer::zero(range r) {
  if (options_.write_zeros) {
    report_.zeroed_bytes += r.size;
    return target_.zero(r.offset, r.size, io::zero_mode::write);
  }
  TRY(const auto extents, target_.extents(r.offset, r.size));
  for (const auto& e : extents) {
    if (e.kind == extent_kind::zero) {
      report_.kept_bytes += e.size;
      continue;
    }
    report_.zeroed_bytes += e.size;
    CHECK(target_.zero(e.offset, e.size, io::zero_mode::release));
  }
  return success();
}

result<region_restorer::slot*> region_restorer::free_slot() {
  while (true) {
    for (auto& s : slots_) {
      if (!s->busy && s.get() != open_) return s.get();
    }
    CHECK(settle_one());
  }
}

result<void> region_restorer::settle_one() {
  auto& done = queue_->wait();
  static_cast<slot*>(done.owner)->busy = false;
  return std::move(done.outcome);
}

result<void> region_restorer::write_open() {
  if (open_ == nullptr) return success();
  auto& s = *open_;
  open_ = nullptr;
  CHECK(complete_last_sector(s));
  if (options_.delta) return write_delta(s);
  report_.written_bytes += s.filled.size;
  s.transfer = {io::transfer::direction::write, s.filled.offset, s.memory.span().first(s.filled.size), &s, success()};
  s.busy = true;
  while (queue_->in_flight() >= queue_->depth()) CHECK(settle_one());
  queue_->submit(s.transfer);
  return success();
}

// Compares in pieces of 64 KiB and writes those that differ.
result<void> region_restorer::write_delta(slot& s) {
  const auto wanted = s.memory.view().first(s.filled.size);
  const auto present = compare_.span().first(s.filled.size);
  CHECK(target_.read(s.filled.offset, present));
  const auto piece = std::max<std::uint64_t>(64_KiB, unit_);
  for (std::uint64_t at = 0; at < wanted.size(); at += piece) {
    const auto size = std::min(piece, wanted.size() - at);
    if (std::memcmp(wanted.data() + at, present.data() + at, size) == 0) {
      report_.kept_bytes += size;
      continue;
    }
    CHECK(target_.write(s.filled.offset + at, wanted.subspan(at, size)));
    report_.written_bytes += size;
  }
  return success();
}

result<void> region_restorer::finish() {
  CHECK(write_open());
  while (queue_->in_flight() > 0) CHECK(settle_one());
  return success();
}

}  // namespace umbra::jobs
