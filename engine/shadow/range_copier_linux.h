// SPDX-License-Identifier: GPL-3.0-or-later
// Copies ranges of a device into the same places of a file, with several reads in flight. Linux only.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>

#include "engine/base/buffer.h"
#include "engine/io/device.h"

namespace umbra::shadow {

class range_copier {
 public:
  // The device outlives the copier.
  explicit range_copier(io::device& from) : from_(from) {}
  range_copier(const range_copier&) = delete;
  range_copier& operator=(const range_copier&) = delete;

  // Takes all memory that copying needs.
  result<void> prepare();

  // `target` -1: only reads. Ends early, with e_hold_writes_timeout, when `is_late` says so; it is asked after every piece.
  // e_insufficient_storage if the file takes no more.
  result<void> run(const range_list& ranges, int target, const std::function<bool()>& is_late);

 private:
  static constexpr unsigned pieces_in_flight = 8;
  struct piece {
    buffer memory;
    io::transfer transfer;
  };

  void start(piece& p);
  static result<void> write(const piece& p, int target);

  io::device& from_;
  std::array<piece, pieces_in_flight> pieces_;
  std::unique_ptr<io::transfer_queue> queue_;  // gone before the pieces are
  range_list::const_iterator next_, end_;      // what is still to be read, but for the first `done_` bytes
  std::uint64_t done_ = 0;
};

}  // namespace umbra::shadow
