// SPDX-License-Identifier: GPL-3.0-or-later
// Writes a file's bytes past the page cache while the caller gathers the next ones. Packs are written once and not read again for
// a long time: copying them into the page cache costs more processor time than compressing a good part of them, and pushes out
// what others wanted to keep.
#pragma once

#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/base/buffer.h"
#include "engine/io/unique_fd.h"

namespace umbra::store::posix {

// One thread calls; one thread of its own writes. Failures are told by the next call, and again by every later one.
class direct_writer {
 public:
  // Offsets and sizes of direct transfers: multiples of this.
  static constexpr std::uint64_t alignment = buffer::alignment;

  // `direct` is the file opened with O_DIRECT, `plain` the same file without, for file systems that take no direct transfer after
  // all; `offset`, a multiple of `alignment`, is where the next byte goes. `plain` stays the caller's.
  direct_writer(unique_fd direct, int plain, std::uint64_t offset);
  direct_writer(const direct_writer&) = delete;
  direct_writer& operator=(const direct_writer&) = delete;
  ~direct_writer();  // waits for what is being written; what was not handed over is lost

  // errno of the first write that failed, 0 while there is none.
  int append(byte_view bytes);
  // Everything up to the last multiple of `alignment` is handed to the kernel when this returns; the rest, in `tail`, is for the
  // caller to write: at offset() - tail.size(). Nothing may be appended after a tail that is not empty.
  int finish(byte_view& tail);
  std::uint64_t offset() const { return offset_; }

 private:
  struct run {
    buffer memory;
    std::uint64_t offset = 0;
    std::size_t size = 0;
  };

  int hand_over();
  int await_all();
  void work(const std::stop_token& stop);
  int write(const run& r);

  // of the caller
  run open_;
  std::uint64_t offset_;
  // set before start
  const unique_fd direct_;
  const int plain_;
  // of the writing thread
  bool is_refused_ = false;  // direct transfers: EINVAL
  // guarded by mutex_
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<run> waiting_;
  std::vector<buffer> free_;
  std::size_t runs_ = 1;  // made so far, open_ included
  bool is_writing_ = false;
  int failed_ = 0;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace umbra::store::posix
