// SPDX-License-Identifier: GPL-3.0-or-later
// The small services of base: clock, random source, buffer.
#include <gtest/gtest.h>

#include "engine/base/buffer.h"
#include "engine/base/clock.h"
#include "engine/base/random.h"

namespace umbra {
namespace {

using test_id = opaque_id<19, struct services_tag>;  // no multiple of a word on purpose

TEST(clock, spells_known_moments) {
  EXPECT_EQ(utc_text(0), "1970-01-01 00:00:00 UTC");
  EXPECT_EQ(utc_iso(1795457045), "2026-11-23T18:04:05Z");
  EXPECT_EQ(utc_text(1795457045), "2026-11-23 18:04:05 UTC");
  EXPECT_EQ(utc_iso(951782400), "2000-02-29T00:00:00Z");
  EXPECT_EQ(utc_iso(-1), "1969-12-31T23:59:59Z");
}

TEST(clock, times_beyond_the_calendar_are_said_to_be) {
  EXPECT_EQ(utc_text(std::numeric_limits<std::int64_t>::max()), "(no valid time)");
}

TEST(clock, system_clock_runs_in_this_century) {
  const auto now = system_wall_clock()();
  EXPECT_GT(now, 1735689600);  // 2025
  EXPECT_LT(now, 4102444800);  // 2100
}

TEST(random_source, seed_decides_the_stream) {
  const auto a = seeded_random(7);
  const auto b = seeded_random(7);
  const auto c = seeded_random(8);
  const auto first = a->make<test_id>();
  EXPECT_EQ(first, b->make<test_id>());
  EXPECT_NE(first, c->make<test_id>());
  EXPECT_NE(first, a->make<test_id>());
}

TEST(random_source, seeded_stream_never_changes) {
  // Golden images depend on it. The words are mt19937_64 as the C++ standard fixes it, little-endian.
  const auto id = seeded_random(1)->make<opaque_id<16, struct golden_tag>>();
  EXPECT_EQ(to_hex(id.view()), "686f68bb5fbd45224efa18235092eb22");
}

TEST(random_source, system_source_does_not_repeat_itself) {
  const auto source = system_random();
  const auto first = source->make<test_id>();
  EXPECT_FALSE(first.is_none());
  EXPECT_NE(first, source->make<test_id>());
  EXPECT_NE(first, system_random()->make<test_id>());
}

TEST(random_source, fills_all_and_only_what_it_was_given) {
  for (std::size_t size = 0; size < 20; ++size) {
    std::array<std::byte, 24> memory{};
    seeded_random(3)->fill(byte_span(memory).first(size));
    for (auto i = size; i < memory.size(); ++i) EXPECT_EQ(memory[i], std::byte{}) << size;
  }
}

TEST(buffer, is_aligned_for_direct_io) {
  for (const std::size_t size : {1U, 511U, 4096U, 65536U}) {
    buffer memory(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % buffer::alignment, 0U);
    EXPECT_EQ(memory.span().size(), size);
    memory.span().front() = std::byte{1};
    memory.span().back() = std::byte{2};
  }
}

TEST(buffer, moves_without_copying_and_leaves_nothing_behind) {
  buffer from(4096);
  const auto* const place = from.data();
  buffer to(std::move(from));
  EXPECT_EQ(to.data(), place);
  EXPECT_EQ(to.size(), 4096U);
  EXPECT_TRUE(from.view().empty());  // NOLINT(bugprone-use-after-move): that is the question
  buffer third;
  third = std::move(to);
  EXPECT_EQ(third.data(), place);
  EXPECT_TRUE(to.view().empty());  // NOLINT(bugprone-use-after-move)
}

TEST(buffer, of_nothing_is_empty) {
  EXPECT_TRUE(buffer{}.view().empty());
  EXPECT_TRUE(buffer(0).view().empty());
}

}  // namespace
}  // namespace umbra
