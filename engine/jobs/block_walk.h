// SPDX-License-Identifier: GPL-3.0-or-later
// Goes through an image's regions with several threads, each region once: what restore, compare and deep verify share.
#pragma once

#include <functional>
#include <stop_token>

#include "engine/flow/progress.h"
#include "engine/image/image_reader.h"

namespace umbra::jobs {

// A region, or a run of regions that are one state and hold nothing (then `region` is null).
struct walk_item {
  std::size_t source = 0;
  image::region_ptr region;
  range uniform;                                               // bytes, clipped to the source
  image::block_state state = image::block_state::unallocated;  // of the uniform run
};

struct walk_visitor {
  // Called on thread `worker` (0 .. threads-1), regions handed out in order.
  std::function<result<void>(unsigned worker, const walk_item&)> visit;
  // A map page that cannot be read: return success to go on with the next region, or the error to end the walk.
  std::function<result<void>(unsigned worker, std::size_t source, range where, error)> damaged;
};

// Sources [first, last) of the image. Raises progress.done by the bytes gone through. errc::cancelled when stopped.
result<void> walk_image(image::image_reader& image, std::size_t first, std::size_t last, unsigned threads,
                        const walk_visitor& visitor, flow::progress& progress, std::stop_token stop);

}  // namespace umbra::jobs
