// SPDX-License-Identifier: GPL-3.0-or-later
// Writes one source of an image onto a device.
#pragma once

#include <stop_token>

#include "engine/flow/progress.h"
#include "engine/image/image_reader.h"
#include "engine/io/device.h"
#include "engine/jobs/report.h"

namespace umbra::jobs {

struct restore_options {
  unsigned threads = 0;           // 0: as many as there are CPUs
  bool write_zeros = false;       // zero and unallocated ranges are written; else released where the target can
  bool delta = false;             // read the target first and write only what differs
  bool verify = false;            // read everything back at the end and compare
  unsigned writes_in_flight = 8;  // a thread
};

struct restore_report {
  std::uint64_t written_bytes = 0;     // data
  std::uint64_t zeroed_bytes = 0;      // released or written as zeros
  std::uint64_t kept_bytes = 0;        // delta: equal already
  std::uint64_t unreadable_bytes = 0;  // were unreadable when the image was taken: zeros now
  bool verified = false;
  fault_list faults;  // blocks that could not be read from the image (zeros now), or differ after the restore
};

// `target` must be at least as large as the source (errc::geometry_mismatch before anything is written); what lies behind the
// source's end is left alone. Regions are written in the order of the target. Damaged blocks are told and left as zeros; the rest
// is restored. All packs are looked for first. At the end the target is flushed. After an error or a stop the target holds a mix.
result<restore_report> run_restore(image::image_reader& image, std::size_t source, io::device& target,
                                   const restore_options& options, flow::progress& progress, std::stop_token stop);

}  // namespace umbra::jobs
