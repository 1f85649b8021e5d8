// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/crew.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace umbra::flow {
namespace {

using crew_body = std::function<result<void>(unsigned worker, std::stop_token stop)>;

class crew {
 public:
  crew(const std::stop_token& outer, const crew_body& body)
      : body_(body), outer_stops_(outer, [this] { stop_.request_stop(); }) {}

  void work(unsigned worker) noexcept {
    try {
      auto done = body_(worker, stop_.get_token());
      if (done.has_error()) fail(std::move(done).assume_error());
    } catch (...) {
      // Only bugs and exhausted memory throw; they travel to the caller as if there were one thread.
      const std::scoped_lock lock(mutex_);
      if (!thrown_) thrown_ = std::current_exception();
      stop_.request_stop();
    }
  }

  void fail(error why) {
    const std::scoped_lock lock(mutex_);
    // Once one worker has failed the others often end as cancelled: that is never the news.
    const bool better = first_ && first_->code() == errc::cancelled && why.code() != errc::cancelled;
    if (!first_ || better) first_ = std::move(why);
    stop_.request_stop();
  }

  // After all workers have ended.
  result<void> outcome() {
    if (thrown_) std::rethrow_exception(thrown_);
    if (first_) return *std::move(first_);
    return success();
  }

 private:
  // set before start
  const crew_body& body_;
  // safe from any thread
  std::stop_source stop_;
  // guarded by mutex_
  std::mutex mutex_;
  std::optional<error> first_;
  std::exception_ptr thrown_;
  // last: gone before what it calls
  std::stop_callback<std::function<void()>> outer_stops_;
};

}  // namespace

result<void> run_crew(unsigned count, std::stop_token outer, const crew_body& body) {
  crew all(outer, body);
  if (count <= 1) {
    all.work(0);
    return all.outcome();
  }
  std::vector<std::jthread> threads;
  threads.reserve(count);
  try {
    for (unsigned worker = 0; worker < count; ++worker) threads.emplace_back([&all, worker] { all.work(worker); });
  } catch (const std::system_error& refused) {
    all.fail(os_failure(errc::internal, "cannot start a thread", refused.code().value()));
  }
  threads.clear();  // joins
  return all.outcome();
}

unsigned default_threads() { return std::max(1U, std::thread::hardware_concurrency()); }

}  // namespace umbra::flow
