// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/backup_planner.h"

#include <algorithm>

#include "engine/base/buffer.h"
#include "engine/base/units.h"

namespace umbra::jobs {
namespace {

using image::block_state;
using image::region_size;

// Used ranges closer than this are read as one: a seek costs more than the bytes between.
constexpr std::uint64_t bridged_gap = 32_KiB;
// Holes are asked for in windows, so that a finely holed file costs bounded memory.
constexpr std::uint64_t hole_window_size = 1_GiB;

// Ranges of `list` from the first that ends after `offset`.
auto first_after(const range_list& list, std::uint64_t offset) {
  return std::partition_point(list.begin(), list.end(), [&](const range& r) { return r.end() <= offset; });
}

std::uint64_t next_start(const range_list& list, std::uint64_t offset, std::uint64_t limit) {
  const auto r = first_after(list, offset);
  return r == list.end() ? limit : std::max(r->offset, offset);
}

// Lays out reads in a unit's buffer, bridging small gaps and keeping to the device's alignment.
class read_layout {
 public:
  read_layout(std::uint64_t capacity, const io::device_geometry& geometry)
      : capacity_(capacity), unit_(std::max<std::uint64_t>(geometry.alignment, 1)), size_(geometry.size) {}

  // False, and nothing changed, if the segment does not fit any more.
  bool add(const segment& s) {
    const auto start = s.offset / unit_ * unit_;
    const auto end = std::min(size_, div_up(s.end(), unit_) * unit_);
    if (!reads_.empty()) {
      auto& last = reads_.back();
      if (start <= last.end() + bridged_gap && end - last.offset + used_ <= capacity_) {
        last.size = std::max(last.end(), end) - last.offset;
        return true;
      }
    }
    const auto used = used_ + (reads_.empty() ? 0 : align_up(reads_.back().size, buffer::alignment));
    if (used + (end - start) > capacity_) return false;
    used_ = used;
    starts_.push_back(used);
    reads_.push_back({start, end - start});
    return true;
  }

  void move_into(unit& u) {
    for (std::size_t i = 0; i < reads_.size(); ++i) {
      unit_read r;
      r.transfer.offset = reads_[i].offset;
      r.buffer_offset = starts_[i];
      r.size = reads_[i].size;
      u.reads.push_back(std::move(r));
    }
    reads_.clear();
    starts_.clear();
    used_ = 0;
  }

 private:
  std::uint64_t capacity_;
  std::uint64_t unit_;
  std::uint64_t size_;
  std::uint64_t used_ = 0;  // of the buffer, before the last read
  range_list reads_;
  std::vector<std::uint64_t> starts_;
};

}  // namespace

backup_planner::backup_planner(std::span<const backup_source> sources, image::image_reader* parent, std::uint32_t block_size,
                               std::uint64_t read_capacity)
    : sources_(sources), parent_(parent), block_size_(block_size), read_capacity_(read_capacity) {}

result<std::optional<unit>> backup_planner::next() {
  while (ready_.empty() && source_ < sources_.size()) CHECK(plan_more());
  if (ready_.empty()) return std::optional<unit>();
  auto u = std::move(ready_.front());
  ready_.pop_front();
  u.sequence = next_sequence_++;
  return std::optional<unit>(std::move(u));
}

range backup_planner::region_window(std::uint64_t index) const {
  const auto offset = index * region_size;
  return {offset, std::min(region_size, source().device->geometry().size - offset)};
}

result<void> backup_planner::plan_more() {
  if (!entered_) CHECK(enter_source());
  const auto size = source().device->geometry().size;
  const range_list everything{{0, size}};
  const auto& used = source().allocation != nullptr ? source().allocation->used : everything;
  if (early_done_ < early_.size()) {
    CHECK(plan_region(early_[early_done_].offset + next_early_, used, source().excluded));
    if (++next_early_ < early_[early_done_].size) return success();
    ++early_done_;
    next_early_ = 0;
    return success();
  }
  const auto early = first_after(early_, next_region_);
  if (early != early_.end() && early->offset <= next_region_) next_region_ = early->end();
  if (next_region_ * region_size >= size) {
    leave_source();
    return success();
  }
  TRY(const auto uniform, plan_uniform(used, source().excluded));
  if (uniform) return success();
  return plan_region(next_region_++, used, source().excluded);
}

result<void> backup_planner::enter_source() {
  TRY(early_, regions_with_faults());
  entered_ = true;
  return success();
}

void backup_planner::leave_source() {
  ++source_;
  entered_ = false;
  next_region_ = 0;
  early_.clear();
  early_done_ = 0;
  next_early_ = 0;
  hole_window_ = {};
}

// Regions in which the parent has unreadable blocks. Its map is gone through only if it counts any.
result<range_list> backup_planner::regions_with_faults() {
  range_list found;
  if (parent_ == nullptr || parent_->info().sources[source_].unreadable_bytes == 0) return found;
  const auto regions = div_up(source().device->geometry().size, region_size);
  for (std::uint64_t i = 0; i < regions;) {
    TRY(const auto run, within("parent image", parent_->uniform_at(source_, i)));
    const auto count = std::max<std::uint64_t>(run.count, 1);
    bool bad = run.count > 0 && run.state == block_state::unreadable;
    if (run.count == 0) {
      TRY(const auto region, within("parent image", parent_->region_at(source_, i)));
      bad = std::ranges::any_of(region->blocks, [](const auto& b) { return b.state == block_state::unreadable; });
    }
    if (bad) found.push_back({i, std::min(count, regions - i)});
    i += count;
  }
  normalise(found);
  return found;
}

// Passes over regions that are one state throughout and need no reading.
result<bool> backup_planner::plan_uniform(const range_list& used, const range_list& excluded) {
  const auto size = source().device->geometry().size;
  const auto window = region_window(next_region_);
  const auto excluded_from = next_start(excluded, window.offset, size);
  const auto used_from = next_start(used, window.offset, size);
  auto upto = std::min(used_from, excluded_from);
  auto state = block_state::unallocated;
  if (used_from == window.offset && window.size > 0) {
    state = block_state::zero;
    CHECK(load_holes(window));
    const auto hole = first_after(holes_, window.offset);
    const auto in_use = first_after(used, window.offset);
    if (hole == holes_.end() || hole->offset > window.offset) return false;
    upto = std::min({hole->end(), in_use->end(), excluded_from});
  }
  auto count =
      upto >= size ? div_up(size, region_size) - next_region_ : (upto > window.offset ? (upto - window.offset) / region_size : 0);
  const auto early = first_after(early_, next_region_);
  if (early != early_.end()) count = std::min(count, early->offset - next_region_);
  if (count == 0) return false;
  unit u;
  u.source = source_;
  u.uniform_index = next_region_;
  u.uniform_count = count;
  u.uniform_state = state;
  ready_.push_back(std::move(u));
  next_region_ += count;
  return true;
}

result<void> backup_planner::plan_region(std::uint64_t index, const range_list& used, const range_list& excluded) {
  const auto window = region_window(index);
  region_facts facts;
  facts.source = source_;
  facts.index = index;
  facts.size = window.size;
  facts.used = clip(used, window);
  facts.excluded = clip(excluded, window);
  CHECK(load_holes(window));
  facts.holes = clip(holes_, window);
  if (source().allocation != nullptr) facts.files = source().allocation->files;
  facts.block_size = block_size_;
  if (parent_ != nullptr) {
    TRY(facts.parent, within("parent image", parent_->region_at(source_, index)));
  }
  split(make_region_plan(std::move(facts)));
  return success();
}

void backup_planner::split(const std::shared_ptr<const region_plan>& region) {
  read_layout layout(read_capacity_, source().device->geometry());
  std::size_t first = 0;
  const auto close = [&](std::size_t end) {
    unit u;
    u.region = region;
    u.source = source_;
    u.first_segment = first;
    u.segment_count = end - first;
    u.last_of_region = end == region->segments.size();
    layout.move_into(u);
    ready_.push_back(std::move(u));
    first = end;
  };
  for (std::size_t i = 0; i < region->segments.size(); ++i) {
    const auto& s = region->segments[i];
    if (s.what == segment::kind::known || layout.add(s)) continue;
    close(i);
    layout.add(s);  // always fits into an empty layout: read_capacity is larger than a block
  }
  close(region->segments.size());
}

result<void> backup_planner::load_holes(range window) {
  if (window.offset < hole_window_.offset || window.end() > hole_window_.end()) {
    auto& device = *source().device;
    hole_window_ = {window.offset, std::min(hole_window_size, device.geometry().size - window.offset)};
    TRY(const auto extents, device.extents(hole_window_.offset, hole_window_.size));
    holes_.clear();
    for (const auto& e : extents) {
      if (e.kind == extent_kind::zero) holes_.push_back({e.offset, e.size});
    }
  }
  return success();
}

}  // namespace umbra::jobs
