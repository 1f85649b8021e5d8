// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/image_builder.h"

#include <algorithm>

namespace umbra::jobs {

using image::block_state;
using image::region_size;

namespace {

// Neighbours of one state, not stored, are one block.
void append(std::vector<image::block>& blocks, const image::block& b) {
  const bool joins =
      !blocks.empty() && b.state != block_state::stored && blocks.back().state == b.state && blocks.back().end() == b.offset;
  if (joins) {
    blocks.back().size += b.size;
  } else {
    blocks.push_back(b);
  }
}

}  // namespace

image_builder::image_builder(std::span<const backup_source> sources, image::image_writer& writer, image::image_reader* parent,
                             backup_report& report, flow::progress& progress)
    : sources_(sources), writer_(writer), report_(report), progress_(progress), parent_(parent) {}

result<void> image_builder::take(handled_unit u) {
  const auto source = u.work.source;
  CHECK(enter_source(source));
  account(u);
  if (!u.work.region) {
    const auto& w = u.work;
    const auto from = w.uniform_index * region_size;
    const auto size = std::min(totals_[source].size, (w.uniform_index + w.uniform_count) * region_size) - from;
    count(source, {.offset = from, .size = size, .state = w.uniform_state, .where = {}, .change = {}, .id = {}});
    progress_.done += size;
    CHECK(select(source));
    return writer_.put_uniform(w.uniform_index, w.uniform_count, w.uniform_state);
  }
  CHECK(take_blocks(u, open_.blocks));
  for (auto& s : u.missing) open_.hold(std::move(s));
  if (u.work.last_of_region) return close_region(*u.work.region);
  return success();
}

result<void> image_builder::finish() {
  CHECK(enter_source(sources_.size()));
  return success();
}

void image_builder::account(handled_unit& u) {
  report_.bytes_read += u.bytes_read;
  report_.audited_blocks += u.audited_blocks;
  for (auto& f : u.faults) report_.faults.add(std::move(f));
  progress_.moved += u.bytes_read;
}

// Sources without any unit (size 0) are begun and ended on the way.
result<void> image_builder::enter_source(std::size_t source) {
  while (entered_ < source + 1) {
    CHECK(end_sources());
    if (entered_ == sources_.size()) return success();
    const auto geometry = sources_[entered_].device->geometry();
    image::source_info info;
    info.size = geometry.size;
    info.logical_sector = geometry.logical_sector;
    CHECK(writer_.begin_source(info));
    totals_.push_back(info);
    open_regions_.push_back(0);
    selected_ = entered_++;
  }
  return success();
}

// All that were begun, up to the first with regions that are held. The writer's choice is the last one again.
result<void> image_builder::end_sources() {
  while (ended_ < entered_ && open_regions_[ended_] == 0) {
    CHECK(writer_.end_source(totals_[ended_]));
    ++ended_;
    selected_ = entered_ - 1;
  }
  return success();
}

result<void> image_builder::select(std::size_t source) {
  if (selected_ == source) return success();
  selected_ = source;
  return writer_.select_source(source);
}

result<void> image_builder::take_blocks(handled_unit& u, std::vector<image::block>& blocks) {
  for (auto& b : u.blocks) {
    if (b.block.state == block_state::stored) CHECK(store(b));
    count(u.work.source, b.block);
    progress_.done += b.block.size;
    append(blocks, b.block);
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
  open_.source = plan.source;
  open_.index = plan.index;
  open_.size = plan.size;
  auto region = std::exchange(open_, {});
  if (region.missing.empty()) return put(plan.source, {plan.index, plan.size, std::move(region.blocks)}, plan.parent);
  held_bytes_ += region.bytes();
  ++open_regions_[plan.source];
  held_.push_back(std::move(region));
  return success();
}

std::vector<held_region> image_builder::give_held() {
  held_bytes_ = 0;
  return std::exchange(held_, {});
}

result<void> image_builder::take_rescued(held_region& region, handled_unit u) {
  account(u);
  return take_blocks(u, region.blocks);
}

result<void> image_builder::close(held_region region) {
  std::ranges::sort(region.blocks, {}, &image::block::offset);
  image::region whole{region.index, region.size, {}};
  for (const auto& b : region.blocks) append(whole.blocks, b);
  image::region_ptr parent;
  if (parent_ != nullptr) {
    TRY(parent, within("parent image", parent_->region_at(region.source, region.index)));
  }
  --open_regions_[region.source];
  return put(region.source, whole, parent);
}

result<void> image_builder::put(std::size_t source, const image::region& r, const image::region_ptr& parent) {
  CHECK(select(source));
  const auto state = r.blocks.front().state;
  const bool uniform = r.blocks.size() == 1 && state != block_state::stored && state != block_state::unreadable;
  if (uniform) return writer_.put_uniform(r.index, 1, state);
  const bool same = parent && parent->blocks == r.blocks;
  return same ? writer_.keep_region(r.index) : writer_.put_region(r);
}

void image_builder::count(std::size_t source, const image::block& b) {
  auto& totals = totals_[source];
  switch (b.state) {
    case block_state::unallocated: totals.unallocated_bytes += b.size; break;
    case block_state::zero: totals.zero_bytes += b.size; break;
    case block_state::stored: totals.stored_bytes += b.size; break;
    case block_state::unreadable: totals.unreadable_bytes += b.size; break;
    case block_state::excluded: totals.excluded_bytes += b.size; break;
  }
}

}  // namespace umbra::jobs
