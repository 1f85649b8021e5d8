// SPDX-License-Identifier: GPL-3.0-or-later
// Takes handled units in order and feeds the image writer: records first, then each region's blocks. Regions of which something
// is missing are held back.
#pragma once

#include <span>
#include <vector>

#include "engine/image/image_reader.h"
#include "engine/image/image_writer.h"
#include "engine/jobs/backup.h"
#include "engine/jobs/held_region.h"
#include "engine/jobs/unit_worker.h"

namespace umbra::jobs {

// One unit at a time, in order.
class image_builder {
 public:
  // `parent` may be null.
  image_builder(std::span<const backup_source> sources, image::image_writer& writer, image::image_reader* parent,
                backup_report& report, flow::progress& progress);

  result<void> take(handled_unit u);
  // Memory of the regions held back.
  std::uint64_t held_bytes() const { return held_bytes_; }
  // Hands them out: each comes back through close(), once take_rescued() has got every segment that was missing.
  std::vector<held_region> give_held();
  result<void> take_rescued(held_region& region, handled_unit u);
  result<void> close(held_region region);
  // After the last unit, when no region is held: closes the maps.
  result<void> finish();

 private:
  result<void> enter_source(std::size_t source);
  result<void> end_sources();
  void account(handled_unit& u);
  result<void> store(handled_block& b);
  result<void> take_blocks(handled_unit& u, std::vector<image::block>& blocks);
  result<void> close_region(const region_plan& plan);
  result<void> put(std::size_t source, const image::region& r, const image::region_ptr& parent);
  result<void> select(std::size_t source);
  void count(std::size_t source, const image::block& b);

  std::span<const backup_source> sources_;
  image::image_writer& writer_;
  backup_report& report_;
  flow::progress& progress_;
  image::image_reader* parent_;
  std::size_t entered_ = 0;                 // sources begun
  std::size_t ended_ = 0;                   // and ended
  std::size_t selected_ = 0;                // where the writer puts regions
  std::vector<image::source_info> totals_;  // of the sources begun
  std::vector<std::size_t> open_regions_;   // of these: how many were held and are not closed
  held_region open_;                        // the present region so far
  std::vector<held_region> held_;
  std::uint64_t held_bytes_ = 0;
};

}  // namespace umbra::jobs
