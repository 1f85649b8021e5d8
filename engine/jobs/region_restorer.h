// SPDX-License-Identifier: GPL-3.0-or-later
// Restores regions onto a device, one thread's share: decode into buffers, write with many in flight, zero the rest.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "engine/base/buffer.h"
#include "engine/image/image_reader.h"
#include "engine/io/device.h"
#include "engine/jobs/block_walk.h"
#include "engine/jobs/restore.h"

namespace umbra::jobs {

// One a thread. Buffers: writes_in_flight times a mebibyte or so.
class region_restorer {
 public:
  static result<std::unique_ptr<region_restorer>> make(image::image_reader& image, std::size_t source, io::device& target,
                                                       const restore_options& options);

  result<void> take(const walk_item& item);
  // A region whose map page cannot be read: told, and zeros.
  result<void> take_damaged(range where, const error& e);
  // Waits for what is in flight.
  result<void> finish();
  restore_report& report() { return report_; }

 private:
  struct slot {
    buffer memory;
    io::transfer transfer;
    range filled;  // of the target
    bool busy = false;
  };

  region_restorer(image::image_reader& image, std::size_t source, io::device& target, const restore_options& options);
  result<void> take_region(const image::region& r);
  result<void> add_stored(const image::block& b);
  result<void> add_zeros(range r, image::block_state state);
  result<void> zero(range r);
  result<void> add_zero_bytes(range r);
  result<byte_span> room_for(range r);
  result<void> write_whole_sectors();
  result<void> complete_last_sector(slot& s);
  result<slot*> free_slot();
  result<void> settle_one();
  result<void> write_open();
  result<void> write_delta(slot& s);

  image::image_reader& image_;
  std::size_t source_;
  io::device& target_;
  const restore_options& options_;
  std::uint64_t unit_;  // alignment of writes
  std::vector<std::unique_ptr<slot>> slots_;
  std::unique_ptr<io::transfer_queue> queue_;  // after the slots: it must go first
  slot* open_ = nullptr;                       // being filled
  buffer compare_;                             // delta
  restore_report report_;
};

}  // namespace umbra::jobs
