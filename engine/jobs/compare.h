// SPDX-License-Identifier: GPL-3.0-or-later
// Does a device hold what an image says? By hash: nothing is read from packs but map pages.
#pragma once

#include <stop_token>

#include "engine/flow/progress.h"
#include "engine/image/image_reader.h"
#include "engine/io/device.h"
#include "engine/jobs/report.h"

namespace umbra::jobs {

struct compare_report {
  std::uint64_t compared_bytes = 0;  // stored blocks (by content id) and zero ranges
  std::uint64_t skipped_bytes = 0;   // unallocated, excluded, unreadable: the image does not know them
  std::uint64_t different_bytes = 0;
  fault_list faults;  // mismatch: one a block or range; damaged: map pages that cannot be read
};

// The device must be at least as large as the source (errc::geometry_mismatch). `unknown_is_zero`: unallocated, excluded and
// unreadable ranges must read as zeros (after a restore with --write-zeros).
result<compare_report> compare_with_device(image::image_reader& image, std::size_t source, io::device& device,
                                           bool unknown_is_zero, unsigned threads, flow::progress& progress,
                                           std::stop_token stop);

}  // namespace umbra::jobs
