// SPDX-License-Identifier: GPL-3.0-or-later
// A fixed number of aligned buffers. take() waits, so memory has a ceiling and the pool is the pipeline's back-pressure.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>
#include <vector>

#include "engine/base/buffer.h"

namespace umbra::flow {

class buffer_pool {
 public:
  // A borrowed buffer; goes back to the pool when it dies. Must not outlive the pool.
  class lease {
   public:
    lease() = default;
    lease(buffer_pool* pool, buffer memory) : pool_(pool), memory_(std::move(memory)) {}
    lease(lease&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), memory_(std::move(other.memory_)) {}
    lease& operator=(lease&& other) noexcept;
    ~lease() { give_back(); }
    byte_span span() { return memory_.span(); }
    byte_view view() const { return memory_.view(); }
    explicit operator bool() const { return pool_ != nullptr; }

   private:
    void give_back() noexcept;
    buffer_pool* pool_ = nullptr;
    buffer memory_;
  };

  // `count` buffers of `size` bytes, all allocated now and touched lazily.
  buffer_pool(std::size_t count, std::size_t size);
  // Waits for a buffer. An empty lease if `stop` was requested first.
  lease take(std::stop_token stop);
  // A buffer if one is free now, else an empty lease.
  lease try_take();
  std::size_t count() const { return count_; }
  std::size_t buffer_size() const { return buffer_size_; }

 private:
  friend class lease;
  // set before start
  std::size_t count_;
  std::size_t buffer_size_;
  // guarded by mutex_
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::vector<buffer> free_;
};

}  // namespace umbra::flow
