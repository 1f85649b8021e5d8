// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/buffer_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

namespace umbra::flow {
namespace {

TEST(buffer_pool, lends_as_many_buffers_as_it_has) {
  buffer_pool pool(3, 4096);
  std::vector<buffer_pool::lease> taken;
  std::set<const std::byte*> places;
  for (int i = 0; i < 3; ++i) {
    taken.push_back(pool.try_take());
    ASSERT_TRUE(taken.back());
    EXPECT_EQ(taken.back().span().size(), 4096U);
    places.insert(taken.back().span().data());
  }
  EXPECT_EQ(places.size(), 3U);
  EXPECT_FALSE(pool.try_take());
  EXPECT_EQ(pool.count(), 3U);
  EXPECT_EQ(pool.buffer_size(), 4096U);
}

TEST(buffer_pool, gets_a_buffer_back_when_its_lease_dies) {
  buffer_pool pool(1, 512);
  const std::byte* place = nullptr;
  {
    const auto lease = pool.take({});
    place = lease.view().data();
    EXPECT_FALSE(pool.try_take());
  }
  EXPECT_EQ(pool.try_take().view().data(), place);
}

TEST(buffer_pool, a_moved_lease_gives_back_once) {
  buffer_pool pool(2, 512);
  auto first = pool.take({});
  auto second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is the question
  EXPECT_TRUE(second);
  auto other = pool.take({});
  EXPECT_FALSE(pool.try_take());
  other = std::move(second);  // gives its own back
  EXPECT_TRUE(pool.try_take());
  auto& same = other;
  other = std::move(same);
  EXPECT_TRUE(other);
  other = {};
  const auto a = pool.try_take();
  const auto b = pool.try_take();
  EXPECT_TRUE(a && b);
  EXPECT_FALSE(pool.try_take());
}

TEST(buffer_pool, take_waits_until_a_buffer_comes_back) {
  buffer_pool pool(1, 512);
  std::atomic<bool> given{false};
  auto held = pool.take({});
  std::jthread taker([&] {
    const auto lease = pool.take({});
    EXPECT_TRUE(lease);
    EXPECT_TRUE(given.load());
  });
  given = true;
  held = {};
}

TEST(buffer_pool, take_ends_empty_when_a_stop_is_requested) {
  buffer_pool pool(1, 512);
  const auto held = pool.take({});
  std::stop_source stop;
  std::jthread taker([&] { EXPECT_FALSE(pool.take(stop.get_token())); });
  stop.request_stop();
}

TEST(buffer_pool, take_after_a_stop_is_empty_even_with_free_buffers) {
  buffer_pool pool(1, 512);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(pool.take(stop.get_token()));
  EXPECT_TRUE(pool.try_take());
}

TEST(buffer_pool, never_lends_one_buffer_to_two_threads) {
  buffer_pool pool(3, 4096);
  {
    std::vector<std::jthread> threads;
    for (unsigned worker = 0; worker < 8; ++worker) {
      threads.emplace_back([&pool, worker] {
        for (int i = 0; i < 500; ++i) {
          auto lease = pool.take({});
          // A second holder would be a data race under TSan and a wrong byte without it.
          std::fill(lease.span().begin(), lease.span().begin() + 64, static_cast<std::byte>(worker));
          for (const auto b : lease.view().first(64)) ASSERT_EQ(b, static_cast<std::byte>(worker));
        }
      });
    }
  }
  std::vector<buffer_pool::lease> all;
  for (int i = 0; i < 3; ++i) all.push_back(pool.try_take());
  for (const auto& lease : all) EXPECT_TRUE(lease);
}

}  // namespace
}  // namespace umbra::flow
