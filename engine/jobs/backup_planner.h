// SPDX-License-Identifier: GPL-3.0-or-later
// Hands out the units of a backup: source by source, region by region; those first in which the parent has something unreadable,
// for every hour may be a failing disk's last.
#pragma once

#include <deque>
#include <optional>
#include <span>

#include "engine/base/result.h"
#include "engine/image/image_reader.h"
#include "engine/jobs/backup.h"
#include "engine/jobs/region_plan.h"
#include "engine/jobs/unit.h"

namespace umbra::jobs {

// One thread at a time.
class backup_planner {
 public:
  // `read_capacity`: bytes that the reads of one unit may take in its buffer; at least block_size + 64 KiB.
  backup_planner(std::span<const backup_source> sources, image::image_reader* parent, std::uint32_t block_size,
                 std::uint64_t read_capacity);

  // The next unit: numbered, its reads laid out (offset, buffer_offset, size), without memory. Empty at the end.
  result<std::optional<unit>> next();

 private:
  result<void> plan_more();
  result<void> enter_source();
  result<range_list> regions_with_faults();
  void leave_source();
  result<bool> plan_uniform(const range_list& used, const range_list& excluded);
  result<void> plan_region(std::uint64_t index, const range_list& used, const range_list& excluded);
  void split(const std::shared_ptr<const region_plan>& region);
  // holes_ holds all holes of `window` afterwards.
  result<void> load_holes(range window);
  range region_window(std::uint64_t index) const;
  const backup_source& source() const { return sources_[source_]; }

  // set before start
  std::span<const backup_source> sources_;
  image::image_reader* parent_;
  std::uint32_t block_size_;
  std::uint64_t read_capacity_;

  std::deque<unit> ready_;
  std::uint64_t next_sequence_ = 0;
  std::size_t source_ = 0;
  bool entered_ = false;  // the present source
  std::uint64_t next_region_ = 0;
  range_list early_;  // numbers of the regions to be planned before all others, as ranges
  std::size_t early_done_ = 0;
  std::uint64_t next_early_ = 0;  // in early_[early_done_]
  // Known holes of the present source in hole_window_.
  range hole_window_;
  range_list holes_;
};

}  // namespace umbra::jobs
