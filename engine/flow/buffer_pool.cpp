// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/buffer_pool.h"

namespace umbra::flow {

buffer_pool::buffer_pool(std::size_t count, std::size_t size) : count_(count), buffer_size_(size) {
  free_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) free_.emplace_back(size);
}

buffer_pool::lease buffer_pool::take(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (stop.stop_requested() || !freed_.wait(lock, std::move(stop), [this] { return !free_.empty(); })) return {};
  // The buffer given back last is the one most likely still in the cache.
  lease taken(this, std::move(free_.back()));
  free_.pop_back();
  return taken;
}

buffer_pool::lease buffer_pool::try_take() {
  const std::scoped_lock lock(mutex_);
  if (free_.empty()) return {};
  lease taken(this, std::move(free_.back()));
  free_.pop_back();
  return taken;
}

buffer_pool::lease& buffer_pool::lease::operator=(lease&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  pool_ = std::exchange(other.pool_, nullptr);
  memory_ = std::move(other.memory_);
  return *this;
}

void buffer_pool::lease::give_back() noexcept {
  if (pool_ == nullptr) return;
  // Told under the lock: whoever sees the last buffer come home may destroy the pool at once.
  const std::scoped_lock lock(pool_->mutex_);
  pool_->free_.push_back(std::move(memory_));  // within the capacity reserved at the start
  pool_->freed_.notify_one();
  pool_ = nullptr;
}

}  // namespace umbra::flow
