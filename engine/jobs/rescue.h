// SPDX-License-Identifier: GPL-3.0-or-later
// The second pass over a failing source: what could not be read at first is read again, with limits, when all the rest is safe.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/flow/buffer_pool.h"
#include "engine/jobs/backup.h"
#include "engine/jobs/held_region.h"
#include "engine/jobs/unit_worker.h"

namespace umbra::jobs {

// One thread at a time. Time that was spent counts over all calls of run().
class rescuer {
 public:
  // Takes one segment's blocks: in order, covering it, what stayed unread among them.
  using taker = std::function<result<void>(held_region&, handled_unit)>;

  // `read_capacity`: as the planner's.
  rescuer(std::span<const backup_source> sources, image::image_writer& writer, const backup_options& options,
          std::uint64_t read_capacity);
  ~rescuer();

  // First every segment once more as a whole, then those that fail again in ever smaller pieces. Nothing is missing afterwards.
  // Errors: of `take`, errc::cancelled, a source that has changed or gone.
  result<void> run(std::span<held_region> regions, const taker& take, std::stop_token stop);

 private:
  struct attempt;
  result<void> read_whole(attempt& a, held_range& r);
  result<void> read_pieces(attempt& a, held_range& r);
  result<handled_unit> handle(const attempt& a, const held_segment& s, std::vector<unread_piece> unread);
  result<void> timed_read(attempt& a, held_range& r, std::uint64_t offset, byte_span out);
  std::string over(const held_range& r) const;
  range aligned(const attempt& a, range where) const;
  byte_span memory_for(range where);

  std::span<const backup_source> sources_;
  image::image_writer& writer_;
  const backup_options& options_;
  std::uint64_t read_capacity_;
  elapsed_clock now_;
  std::chrono::milliseconds spent_{0};
  std::unique_ptr<unit_worker> worker_;  // made when first needed
  std::unique_ptr<flow::buffer_pool> pool_;
  flow::buffer_pool::lease memory_;
};

}  // namespace umbra::jobs
