// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/async_call.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace umbra::shadow {
namespace {

class async_call final : public async {
 public:
  explicit async_call(std::function<result<void>(std::stop_token)> operation)
      : thread_([this, run = std::move(operation)](std::stop_token stop) {
          auto outcome = run(std::move(stop));
          const std::scoped_lock lock(mutex_);
          outcome_ = std::move(outcome);
          changed_.notify_all();
        }) {}

  void cancel() override { thread_.request_stop(); }

  void wait(std::optional<std::chrono::milliseconds> at_most) override {
    std::unique_lock lock(mutex_);
    const auto finished = [this] { return outcome_.has_value(); };
    if (at_most) {
      changed_.wait_for(lock, *at_most, finished);
    } else {
      changed_.wait(lock, finished);
    }
  }

  result_code query_status() const override {
    const std::scoped_lock lock(mutex_);
    if (!outcome_) return result_code::s_async_pending;
    if (outcome_->has_value()) return result_code::s_async_finished;
    if (outcome_->assume_error().code() == errc::cancelled) return result_code::s_async_cancelled;
    return code_of(outcome_->assume_error());
  }

  result<void> finish() override {
    wait({});
    const std::scoped_lock lock(mutex_);
    return *outcome_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<result<void>> outcome_;  // guarded by mutex_
  std::jthread thread_;                  // last: it must end before the rest goes
};

}  // namespace

async_ptr start_async(std::function<result<void>(std::stop_token)> operation) {
  return std::make_unique<async_call>(std::move(operation));
}

}  // namespace umbra::shadow
