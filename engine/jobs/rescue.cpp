// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/rescue.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/jobs/scrape.h"

namespace umbra::jobs {

struct rescuer::attempt {
  held_region& region;
  io::device& device;
  io::device_geometry geometry;
  const taker& take;
  std::stop_token stop;
};

rescuer::rescuer(std::span<const backup_source> sources, image::image_writer& writer, const backup_options& options,
                 std::uint64_t read_capacity)
    : sources_(sources),
      writer_(writer),
      options_(options),
      read_capacity_(read_capacity),
      now_(options.rescue.now ? options.rescue.now : system_elapsed_clock()) {}

rescuer::~rescuer() = default;

result<void> rescuer::run(std::span<held_region> regions, const taker& take, std::stop_token stop) {
  if (!worker_) {
    TRY(worker_, unit_worker::make(sources_, writer_, options_));
    pool_ = std::make_unique<flow::buffer_pool>(1, 2 * read_capacity_);
  }
  for (const auto step : {&rescuer::read_whole, &rescuer::read_pieces}) {
    for (auto& region : regions) {
      auto& device = *sources_[region.source].device;
      attempt a{region, device, device.geometry(), take, stop};
      for (auto& r : region.missing) CHECK((this->*step)(a, r));
    }
  }
  for (auto& region : regions) region.missing.clear();
  return success();
}

// Mostly one of many segments that were read at once is bad: its neighbours come first.
result<void> rescuer::read_whole(attempt& a, held_range& r) {
  std::vector<held_segment> still_missing;
  for (auto& s : r.segments) {
    if (!over(r).empty()) {
      still_missing.push_back(std::move(s));
      continue;
    }
    const auto where = aligned(a, s.where);
    const auto done = timed_read(a, r, where.offset, memory_for(where));
    if (done.has_value()) {
      TRY(auto handled, handle(a, s, {}));
      CHECK(a.take(a.region, std::move(handled)));
      continue;
    }
    if (done.assume_error().code() != errc::io_read) return done.assume_error();
    s.reason = done.assume_error().message();
    still_missing.push_back(std::move(s));
  }
  r.segments = std::move(still_missing);
  return success();
}

result<void> rescuer::read_pieces(attempt& a, held_range& r) {
  scrape_source source;
  source.read = [&](std::uint64_t offset, byte_span out) { return timed_read(a, r, offset, out); };
  source.unit = std::max(a.geometry.logical_sector, a.geometry.alignment);
  source.retries = options_.rescue.retries;
  for (const auto& s : r.segments) {
    source.over = [&] {
      const auto why = over(r);
      return why.empty() ? why : fmt::format("{}; {}", s.reason, why);
    };
    const auto where = aligned(a, s.where);
    TRY(auto unread, scrape(source, where.offset, memory_for(where)));
    TRY(auto handled, handle(a, s, std::move(unread)));
    CHECK(a.take(a.region, std::move(handled)));
  }
  return success();
}

// As a unit of one segment whose bytes have arrived.
result<handled_unit> rescuer::handle(const attempt& a, const held_segment& s, std::vector<unread_piece> unread) {
  auto plan = std::make_shared<region_plan>();
  plan->source = a.region.source;
  plan->index = a.region.index;
  plan->size = a.region.size;
  const bool candidate = s.parent.has_value();
  plan->segments.push_back({s.where.offset, s.where.size, candidate ? segment::kind::candidate : segment::kind::fresh,
                            image::block_state::stored, candidate ? &*s.parent : nullptr});
  const auto where = aligned(a, s.where);
  unit u;
  u.region = std::move(plan);
  u.source = a.region.source;
  u.segment_count = 1;
  unit_read read;
  read.size = where.size;
  read.transfer.offset = where.offset;
  read.transfer.memory = memory_for(where);
  u.reads.push_back(std::move(read));
  u.memory = std::move(memory_);
  u.unread = std::move(unread);
  return worker_->handle(std::move(u));
}

result<void> rescuer::timed_read(attempt& a, held_range& r, std::uint64_t offset, byte_span out) {
  if (a.stop.stop_requested()) return error(errc::cancelled, "backup");
  const auto before = now_();
  auto done = a.device.read(offset, out);
  const auto took = now_() - before;
  r.spent += took;
  spent_ += took;
  return done;
}

// A read that hangs cannot be called back: limits are looked at between reads.
std::string rescuer::over(const held_range& r) const {
  const auto& limits = options_.rescue;
  if (spent_ >= limits.total_time) return "not tried again: the time to rescue is used up";
  if (r.spent >= limits.range_time) return "not tried again: the time for one place is used up";
  return {};
}

range rescuer::aligned(const attempt& a, range where) const {
  const std::uint64_t unit = std::max(a.geometry.logical_sector, a.geometry.alignment);
  const auto start = align_down(where.offset, unit);
  return {start, std::min(align_up(where.end(), unit), a.geometry.size) - start};
}

byte_span rescuer::memory_for(range where) {
  if (!memory_) memory_ = pool_->take({});
  return memory_.span().first(where.size);
}

}  // namespace umbra::jobs
