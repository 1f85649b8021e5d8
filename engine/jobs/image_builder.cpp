// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/image_builder.h"

#include <algorithm>

namespace umbra::jobs {

using image::block_state;
using image::region_size;

image_builder::image_builder(std::span<const backup_source> sources, image::image_writer& writer, backup_report& report,
                             flow::progress& progress)
    : sources_(sources), writer_(writer), report_(report), progress_(progress) {}

result<void> image_builder::take(handled_unit u) {
  CHECK(enter_source(u.work.source));
  report_.bytes_read += u.bytes_read;
  report_.audited_blocks += u.audited_blocks;
  for (auto& f : u.faults) report_.faults.add(std::move(f));
  progress_.moved += u.bytes_read;
  if (!u.work.region) {
    const auto& w = u.work;
    const auto from = w.uniform_index * region_size;
    const auto size = std::min(totals_.size, (w.uniform_index + w.uniform_count) * region_size) - from;
    count({.offset = from, .size = size, .state = w.uniform_state, .where = {}, .change = {}, .id = {}});
    progress_.done += size;
    return writer_.put_uniform(w.uniform_index, w.uniform_count, w.uniform_state);
  }
  CHECK(take_blocks(u));
  if (u.work.last_of_region) return close_region(*u.work.region);
  return success();
}

result<void> image_builder::finish() {
  CHECK(enter_source(sources_.size()));
  return success();
}

// Sources without any unit (size 0) are begun and ended on the way.
result<void> image_builder::enter_source(std::size_t source) {
  while (entered_ < source + 1) {
    if (entered_ > 0) CHECK(leave_source());
    if (entered_ == sources_.size()) return success();
    const auto geometry = sources_[entered_].device->geometry();
    totals_ = {};
    totals_.size = geometry.size;
    totals_.logical_sector = geometry.logical_sector;
    CHECK(writer_.begin_source(totals_));
    ++entered_;
  }
  return success();
}

result<void> image_builder::leave_source() { return writer_.end_source(totals_); }

result<void> image_builder::take_blocks(handled_unit& u) {
  for (auto& b : u.blocks) {
    if (b.block.state == block_state::stored) CHECK(store(b));
    count(b.block);
    progress_.done += b.block.size;
    auto& blocks = open_.blocks;
    const bool joins = !blocks.empty() && b.block.state != block_state::stored && blocks.back().state == b.block.state;
    if (joins) {
      blocks.back().size += b.block.size;
    } else {
      blocks.push_back(b.block);
    }
  }
  return success();
}

result<void> image_builder::store(handled_block& b) {
  ++report_.blocks;
  if (b.unchanged) {
    report_.unchanged_bytes += b.block.size;
    return success();
  }
  const auto plain_size = static_cast<std::uint32_t>(b.block.size);
  if (b.fresh) {
    // Another unit may have stored the same bytes since this one was handled; asked here, in order, the answer is the same
    // for any number of threads.
    const auto known = writer_.find(b.block.id, plain_size);
    if (!known) {
      TRY(b.block.where, writer_.append({b.block.id, plain_size, b.codec, b.checksum, b.stored}));
      report_.new_bytes += b.block.size;
      report_.new_stored_bytes += b.stored.size();
      progress_.stored += b.stored.size();
      return success();
    }
    b.block.where = *known;
  }
  report_.deduplicated_bytes += b.block.size;
  return success();
}

result<void> image_builder::close_region(const region_plan& plan) {
  open_.index = plan.index;
  open_.size = plan.size;
  const bool same = plan.parent && plan.parent->blocks == open_.blocks;
  const bool uniform = open_.blocks.size() == 1 && open_.blocks[0].state != block_state::stored &&
                       open_.blocks[0].state != block_state::unreadable;
  auto done = uniform ? writer_.put_uniform(plan.index, 1, open_.blocks[0].state)
              : same  ? writer_.keep_region(plan.index)
                      : writer_.put_region(open_);
  open_.blocks.clear();
  return done;
}

void image_builder::count(const image::block& b) {
  switch (b.state) {
    case block_state::unallocated: totals_.unallocated_bytes += b.size; break;
    case block_state::zero: totals_.zero_bytes += b.size; break;
    case block_state::stored: totals_.stored_bytes += b.size; break;
    case block_state::unreadable: totals_.unreadable_bytes += b.size; break;
    case block_state::excluded: totals_.excluded_bytes += b.size; break;
  }
}

}  // namespace umbra::jobs
