// SPDX-License-Identifier: GPL-3.0-or-later
// Takes an image: source devices in, a committed image out.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/codec/codec.h"
#include "engine/flow/progress.h"
#include "engine/image/image_reader.h"
#include "engine/image/image_writer.h"
#include "engine/io/device.h"
#include "engine/jobs/report.h"
#include "engine/plan/allocation_map.h"

namespace umbra::jobs {

// A device to image. Everything pointed to outlives the job.
struct backup_source {
  io::device* device = nullptr;
  const plan::allocation* allocation = nullptr;  // null: all of it is used, cut on the grid
  range_list excluded;                           // normalised; not read, reads as zeros afterwards
  std::string label;                             // for people: the path as the user named it
};

enum class self_check : std::uint8_t { all, sample, none };

// How hard a failing source is tried: after everything that can be read at once is stored, what failed is read again.
struct rescue_limits {
  unsigned retries = 1;                          // of a sector, after it has failed once by itself
  std::chrono::milliseconds range_time{60'000};  // spent reading one place again; looked at between reads
  std::chrono::milliseconds total_time{3'600'000};
  std::uint64_t held_memory = 128ull << 20;  // bytes of map that wait; beyond that, what failed so far is read again at once
  elapsed_clock now;                         // empty: the system's
};

struct backup_options {
  unsigned threads = 0;                // 0: as many as there are CPUs
  std::uint64_t memory = 96ull << 20;  // bytes of read and encode buffers
  unsigned reads_in_flight = 16;       // over all threads, at most; fewer while reads finish at once
  codec::encoder_options codec;
  double audit_percent = 1.0;          // of the blocks found unchanged: compared by content id as well
  self_check check = self_check::all;  // decode and compare records before they are stored
  rescue_limits rescue;
  // Makes each thread's encoder; tests put a broken one in. Empty: codec::make_encoder(codec).
  std::function<result<std::unique_ptr<codec::encoder>>()> make_encoder;
  // Asked after the last read and before anything is committed: an error (a shadow copy that was lost meanwhile) makes no image.
  std::function<result<void>()> before_commit;
};

struct backup_report {
  image::image_info image;
  std::uint64_t bytes_read = 0;
  std::uint64_t unchanged_bytes = 0;     // kept from the parent
  std::uint64_t deduplicated_bytes = 0;  // found in the store
  std::uint64_t new_bytes = 0;           // stored now, before compression
  std::uint64_t new_stored_bytes = 0;    // stored now, headers included
  std::uint64_t blocks = 0;              // stored, deduplicated and unchanged ones
  std::uint64_t audited_blocks = 0;
  fault_list faults;
};

// Reads `sources` (at least one: errc::usage), fills and commits `writer`. With `parent` (of the same domain; its sources pair
// with `sources` by position and must have their sizes: errc::geometry_mismatch) unchanged blocks are kept. `metadata` is a JSON
// object; the job adds "result". On any error, and when `stop` is requested (errc::cancelled), the writer is abandoned: no image.
// The image is a function of sources, parent, options and the writer's identity, whatever the number of threads.
result<backup_report> run_backup(std::span<const backup_source> sources, image::image_writer& writer, image::image_reader* parent,
                                 const backup_options& options, const image::commit_request& request, flow::progress& progress,
                                 std::stop_token stop);

}  // namespace umbra::jobs
