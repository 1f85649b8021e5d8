// SPDX-License-Identifier: GPL-3.0-or-later
// A queue for devices that can only block: each transfer runs on one of `depth` threads. A thread starts when a
// transfer finds all others at work, so a deep queue that is used shallowly costs few.
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "engine/io/bounds.h"
#include "engine/io/device.h"

namespace umbra::io {
namespace {

class thread_queue final : public transfer_queue {
 public:
  thread_queue(device& target, unsigned depth) : target_(target), depth_(std::clamp(depth, 1u, deepest_queue)) {}
  ~thread_queue() override;

  unsigned depth() const override { return depth_; }
  unsigned in_flight() const override { return in_flight_; }
  void submit(transfer& t) override;
  bool has_finished() override;
  transfer& wait() override;

 private:
  bool needs_thread() const { return pending_.size() > idle_ && threads_.size() < depth_; }
  bool start_thread();
  void work();

  // set before start
  device& target_;
  const unsigned depth_;
  // the user's thread only
  unsigned in_flight_ = 0;
  std::vector<std::thread> threads_;
  // guarded by mutex_
  std::mutex mutex_;
  std::condition_variable work_to_do_;
  std::condition_variable work_done_;
  std::deque<transfer*> pending_;
  std::deque<transfer*> finished_;
  std::size_t idle_ = 0;
  bool closing_ = false;
};

// Whatever was submitted runs to its end before the threads go.
thread_queue::~thread_queue() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  work_to_do_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void thread_queue::submit(transfer& t) {
  ++in_flight_;
  std::unique_lock lock(mutex_);
  pending_.push_back(&t);
  if (needs_thread() && !start_thread() && threads_.empty()) {
    // Not a single thread to be had: slow, but it goes on.
    pending_.pop_back();
    run_blocking(target_, t);
    finished_.push_back(&t);
    return;
  }
  lock.unlock();
  work_to_do_.notify_one();
}

bool thread_queue::start_thread() {
  try {
    threads_.emplace_back([this] { work(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

bool thread_queue::has_finished() {
  const std::lock_guard lock(mutex_);
  return !finished_.empty();
}

transfer& thread_queue::wait() {
  std::unique_lock lock(mutex_);
  work_done_.wait(lock, [this] { return !finished_.empty(); });
  auto& t = *finished_.front();
  finished_.pop_front();
  --in_flight_;
  return t;
}

void thread_queue::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    work_to_do_.wait(lock, [this] { return !pending_.empty() || closing_; });
    --idle_;
    if (pending_.empty()) return;
    auto& t = *pending_.front();
    pending_.pop_front();
    lock.unlock();
    run_blocking(target_, t);
    lock.lock();
    finished_.push_back(&t);
    work_done_.notify_one();
  }
}

}  // namespace

std::unique_ptr<transfer_queue> make_thread_queue(device& target, unsigned depth) {
  return std::make_unique<thread_queue>(target, depth);
}

}  // namespace umbra::io
