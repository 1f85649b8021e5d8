// SPDX-License-Identifier: GPL-3.0-or-later
// Takes handled units in order and feeds the image writer: records first, then each region's blocks.
#pragma once

#include <span>
#include <vector>

#include "engine/image/image_writer.h"
#include "engine/jobs/backup.h"
#include "engine/jobs/unit_worker.h"

namespace umbra::jobs {

// One unit at a time, in order.
class image_builder {
 public:
  image_builder(std::span<const backup_source> sources, image::image_writer& writer, backup_report& report,
                flow::progress& progress);

  result<void> take(handled_unit u);
  // After the last unit: closes the last source's map.
  result<void> finish();

 private:
  result<void> enter_source(std::size_t source);
  result<void> leave_source();
  result<void> store(handled_block& b);
  result<void> take_blocks(handled_unit& u);
  result<void> close_region(const region_plan& plan);
  void count(const image::block& b);

  std::span<const backup_source> sources_;
  image::image_writer& writer_;
  backup_report& report_;
  flow::progress& progress_;
  std::size_t entered_ = 0;    // sources begun
  image::source_info totals_;  // of the present source
  image::region open_;         // the present region's blocks so far
};

}  // namespace umbra::jobs
