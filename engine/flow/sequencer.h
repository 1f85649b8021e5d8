// SPDX-License-Identifier: GPL-3.0-or-later
// Brings results that arrive in any order back into order. Whoever delivers the next one in line carries out `consume`
// for it and for all that wait behind it, so no thread of its own is needed and a single worker runs straight through.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "engine/base/result.h"

namespace umbra::flow {

// The number of results waiting is bounded by whoever produces them (a buffer pool): nothing here blocks for room.
template <class T>
class sequencer {
 public:
  // consume(T) runs for number 0, 1, 2 … in order, never twice at once, on the threads that call deliver().
  explicit sequencer(std::function<result<void>(T)> consume) : consume_(std::move(consume)) {}

  // Hands in number `n`, each exactly once. Returns the error of a consume() that ran here; after an error nothing more
  // is consumed and every later call succeeds without effect.
  result<void> deliver(std::uint64_t n, T item) {
    std::unique_lock lock(mutex_);
    if (failed_) return success();
    waiting_.emplace(n, std::move(item));
    if (draining_) return success();
    draining_ = true;
    while (auto next = take_next()) {
      lock.unlock();
      auto done = consume_(std::move(*next));
      lock.lock();
      if (done.has_error()) {
        failed_ = true;
        waiting_.clear();
        draining_ = false;
        return done;
      }
    }
    draining_ = false;
    return success();
  }

  // How many were consumed, when no deliver() is running.
  std::uint64_t consumed() const { return next_; }

 private:
  std::optional<T> take_next() {
    const auto found = waiting_.find(next_);
    if (found == waiting_.end()) return std::nullopt;
    ++next_;
    return std::move(waiting_.extract(found).mapped());
  }

  // set before start
  std::function<result<void>(T)> consume_;
  // guarded by mutex_
  std::mutex mutex_;
  std::map<std::uint64_t, T> waiting_;
  std::uint64_t next_ = 0;
  bool draining_ = false;
  bool failed_ = false;
};

}  // namespace umbra::flow
