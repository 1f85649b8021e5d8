// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/crew.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

namespace umbra::flow {
namespace {

// Waits until a stop is requested; false would be a test that hangs, so there is no way out besides.
void wait_for(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, stop, [] { return false; });
}

TEST(crew, runs_every_worker_once_on_its_own_thread) {
  std::mutex mutex;
  std::multiset<unsigned> workers;
  std::set<std::thread::id> threads;
  std::atomic<unsigned> arrived{0};
  const auto done = run_crew(5, {}, [&](unsigned worker, const std::stop_token&) -> result<void> {
    ++arrived;
    while (arrived < 5) std::this_thread::yield();  // all five live at once
    const std::scoped_lock lock(mutex);
    workers.insert(worker);
    threads.insert(std::this_thread::get_id());
    return success();
  });
  EXPECT_TRUE(done.has_value());
  EXPECT_EQ(workers, (std::multiset<unsigned>{0, 1, 2, 3, 4}));
  EXPECT_EQ(threads.size(), 5U);
}

TEST(crew, of_one_works_on_the_callers_thread) {
  std::thread::id where;
  ASSERT_TRUE(run_crew(1, {}, [&](unsigned worker, const std::stop_token&) -> result<void> {
                EXPECT_EQ(worker, 0U);
                where = std::this_thread::get_id();
                return success();
              }).has_value());
  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST(crew, first_error_stops_the_others_and_wins) {
  const auto done = run_crew(4, {}, [](unsigned worker, const std::stop_token& stop) -> result<void> {
    if (worker == 2) return error{errc::io_read, "block 7"};
    wait_for(stop);
    return error{errc::io_write, "later"};
  });
  ASSERT_TRUE(done.has_error());
  EXPECT_EQ(done.error().code(), errc::io_read);
  EXPECT_EQ(done.error().text(), "block 7");
}

TEST(crew, cancelled_gives_way_to_a_real_error_and_to_nothing_else) {
  const auto done = run_crew(3, {}, [](unsigned worker, const std::stop_token& stop) -> result<void> {
    if (worker == 0) return error{errc::cancelled, "worker 0"};
    wait_for(stop);
    if (worker == 1) return error{errc::checksum, "worker 1"};
    return success();
  });
  EXPECT_EQ(done.error().code(), errc::checksum);
  const auto cancelled = run_crew(3, {}, [](unsigned worker, const std::stop_token& stop) -> result<void> {
    if (worker != 0) wait_for(stop);
    return error{errc::cancelled, worker == 0 ? "first" : "later"};
  });
  EXPECT_EQ(cancelled.error().text(), "first");
}

TEST(crew, outer_stop_reaches_every_worker) {
  std::stop_source outer;
  std::atomic<unsigned> arrived{0};
  std::jthread asker([&] {
    while (arrived < 3) std::this_thread::yield();
    outer.request_stop();
  });
  const auto done = run_crew(3, outer.get_token(), [&](unsigned, const std::stop_token& stop) -> result<void> {
    ++arrived;
    wait_for(stop);
    return success();
  });
  EXPECT_TRUE(done.has_value());  // what a stop means is the body's business
}

TEST(crew, outer_stop_requested_before_is_seen_at_once) {
  std::stop_source outer;
  outer.request_stop();
  for (const unsigned count : {1U, 2U}) {
    std::atomic<unsigned> seen{0};
    ASSERT_TRUE(run_crew(count, outer.get_token(), [&](unsigned, const std::stop_token& stop) -> result<void> {
                  if (stop.stop_requested()) ++seen;
                  return success();
                }).has_value());
    EXPECT_EQ(seen, count);
  }
}

TEST(crew, own_failure_does_not_stop_the_outer_source) {
  std::stop_source outer;
  EXPECT_TRUE(run_crew(2, outer.get_token(), [](unsigned, const std::stop_token&) -> result<void> {
                return error{errc::io_read, ""};
              }).has_error());
  EXPECT_FALSE(outer.stop_requested());
}

TEST(crew, what_a_worker_throws_reaches_the_caller_after_all_have_ended) {
  for (const unsigned count : {1U, 3U}) {
    std::atomic<unsigned> ended{0};
    EXPECT_THROW((void)run_crew(count, {},
                                [&](unsigned worker, const std::stop_token& stop) -> result<void> {
                                  ++ended;
                                  if (worker == 0) throw std::runtime_error("no memory");
                                  wait_for(stop);
                                  return success();
                                }),
                 std::runtime_error);
    EXPECT_EQ(ended, count);
  }
}

TEST(crew, default_is_at_least_one_thread) { EXPECT_GE(default_threads(), 1U); }

}  // namespace
}  // namespace umbra::flow
