// SPDX-License-Identifier: GPL-3.0-or-later
// A shared mutex for sections of some hundred nanoseconds. Whoever finds it taken tries a little longer before going to sleep:
// being woken again takes a hundred times as long as most holders need.
#pragma once

#include <shared_mutex>

namespace umbra::flow {

// As std::shared_mutex. For std::unique_lock, std::scoped_lock and std::shared_lock.
class brief_mutex {
 public:
  void lock() {
    for (int i = 0; i < tries; ++i) {
      if (mutex_.try_lock()) return;
    }
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }

  void lock_shared() {
    for (int i = 0; i < tries; ++i) {
      if (mutex_.try_lock_shared()) return;
    }
    mutex_.lock_shared();
  }
  void unlock_shared() { mutex_.unlock_shared(); }

 private:
  static constexpr int tries = 200;  // a microsecond or two
  std::shared_mutex mutex_;
};

}  // namespace umbra::flow
