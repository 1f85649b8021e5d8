// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/sequencer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "engine/flow/buffer_pool.h"
#include "engine/flow/crew.h"

namespace umbra::flow {
namespace {

TEST(sequencer, consumes_in_order_whatever_the_order_of_delivery) {
  std::vector<std::uint64_t> order(200);
  std::iota(order.begin(), order.end(), 0U);
  std::mt19937 random(4);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<std::uint64_t> seen;
    sequencer<std::uint64_t> line([&](std::uint64_t item) -> result<void> {
      seen.push_back(item);
      return success();
    });
    for (const auto n : order) ASSERT_TRUE(line.deliver(n, n).has_value());
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    EXPECT_EQ(seen.size(), order.size());
    EXPECT_EQ(line.consumed(), order.size());
  }
}

TEST(sequencer, consumes_at_once_when_the_next_in_line_arrives) {
  std::vector<int> seen;
  sequencer<int> line([&](int item) -> result<void> {
    seen.push_back(item);
    return success();
  });
  ASSERT_TRUE(line.deliver(1, 11).has_value());
  EXPECT_TRUE(seen.empty());
  ASSERT_TRUE(line.deliver(0, 10).has_value());
  EXPECT_EQ(seen, (std::vector<int>{10, 11}));
}

TEST(sequencer, carries_items_that_only_move) {
  int sum = 0;
  sequencer<std::unique_ptr<int>> line([&](std::unique_ptr<int> item) -> result<void> {
    sum += *item;
    return success();
  });
  ASSERT_TRUE(line.deliver(1, std::make_unique<int>(2)).has_value());
  ASSERT_TRUE(line.deliver(0, std::make_unique<int>(1)).has_value());
  EXPECT_EQ(sum, 3);
}

TEST(sequencer, keeps_order_under_many_threads_and_a_small_pool) {
  constexpr std::uint64_t count = 5000;
  struct item {
    std::uint64_t n = 0;
    buffer_pool::lease memory;
  };
  buffer_pool pool(4, 64);
  std::mutex dealing;
  std::uint64_t dealt = 0;
  std::atomic<int> inside{0};
  std::uint64_t expected = 0;  // no lock: consume() never runs twice at once
  sequencer<item> line([&](item it) -> result<void> {
    EXPECT_EQ(inside.fetch_add(1), 0);
    EXPECT_EQ(it.n, expected++);
    EXPECT_EQ(it.memory.view()[0], static_cast<std::byte>(it.n));
    inside.fetch_sub(1);
    return success();
  });
  const auto done = run_crew(8, {}, [&](unsigned, const std::stop_token& stop) -> result<void> {
    while (true) {
      item it;
      {
        // Buffer and number together: a number without a buffer could wait for buffers held by those behind it.
        const std::scoped_lock lock(dealing);
        if (dealt == count) return success();
        it.memory = pool.take(stop);
        it.n = dealt++;
      }
      it.memory.span()[0] = static_cast<std::byte>(it.n);
      const auto n = it.n;
      CHECK(line.deliver(n, std::move(it)));
    }
  });
  EXPECT_TRUE(done.has_value());
  EXPECT_EQ(expected, count);
}

TEST(sequencer, an_error_stops_consumption_and_is_told_once) {
  std::vector<int> seen;
  sequencer<int> line([&](int item) -> result<void> {
    if (item == 2) return error{errc::no_space, "target"};
    seen.push_back(item);
    return success();
  });
  ASSERT_TRUE(line.deliver(1, 1).has_value());
  ASSERT_TRUE(line.deliver(2, 2).has_value());
  ASSERT_TRUE(line.deliver(3, 3).has_value());
  const auto failed = line.deliver(0, 0);
  ASSERT_TRUE(failed.has_error());
  EXPECT_EQ(failed.error().code(), errc::no_space);
  EXPECT_TRUE(line.deliver(4, 4).has_value());
  EXPECT_TRUE(line.deliver(5, 5).has_value());
  EXPECT_EQ(seen, (std::vector<int>{0, 1}));
}

TEST(sequencer, an_error_lets_go_of_everything_that_waits) {
  buffer_pool pool(3, 64);
  sequencer<buffer_pool::lease> line([](const buffer_pool::lease&) -> result<void> { return error{errc::io_write, ""}; });
  ASSERT_TRUE(line.deliver(1, pool.try_take()).has_value());
  ASSERT_TRUE(line.deliver(2, pool.try_take()).has_value());
  ASSERT_TRUE(line.deliver(0, pool.try_take()).has_error());
  ASSERT_TRUE(line.deliver(3, pool.try_take()).has_value());
  const auto a = pool.try_take();
  const auto b = pool.try_take();
  const auto c = pool.try_take();
  EXPECT_TRUE(a && b && c);
}

}  // namespace
}  // namespace umbra::flow
