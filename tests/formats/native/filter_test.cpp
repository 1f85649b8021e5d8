// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/filter.h"

#include <gtest/gtest.h>

#include "tests/formats/native/index_samples.h"

namespace umbra::native {
namespace {

using samples::id_number;

std::vector<std::byte> filter_of(std::uint64_t keys) {
  std::vector<std::byte> filter(static_cast<std::size_t>(filter_bytes(keys)));
  for (std::uint64_t n = 0; n < keys; ++n) filter_add(filter, id_number(n));
  return filter;
}

TEST(filter, is_whole_blocks_of_ten_bits_a_key) {
  EXPECT_EQ(filter_bytes(0), 64u);
  EXPECT_EQ(filter_bytes(51), 64u);
  EXPECT_EQ(filter_bytes(52), 128u);
  EXPECT_EQ(filter_bytes(16'777'216), 20'971'520u);
}

TEST(filter, holds_every_key_that_was_added) {
  for (const std::uint64_t keys : {1u, 2u, 51u, 52u, 1000u, 100'000u}) {
    const auto filter = filter_of(keys);
    for (std::uint64_t n = 0; n < keys; ++n) ASSERT_TRUE(filter_may_hold(filter, id_number(n))) << n << " of " << keys;
  }
}

TEST(filter, says_maybe_to_less_than_three_in_a_hundred_others) {
  const auto filter = filter_of(100'000);
  int maybe = 0;
  for (std::uint64_t n = 0; n < 100'000; ++n) maybe += filter_may_hold(filter, id_number(1'000'000 + n)) ? 1 : 0;
  EXPECT_LT(maybe, 3000);
}

TEST(filter, holds_nothing_when_empty) {
  const std::vector<std::byte> filter(64);
  for (std::uint64_t n = 0; n < 100; ++n) EXPECT_FALSE(filter_may_hold(filter, id_number(n)));
}

TEST(filter, keeps_blocks_inside) {
  content_id high;
  high.bytes.fill(std::byte{0xff});
  for (const std::uint64_t size : {64u, 128u, 64u * 1000}) {
    EXPECT_EQ(filter_block_offset(size, high), size - 64);
    EXPECT_EQ(filter_block_offset(size, content_id{}), 0u);
  }
}

}  // namespace
}  // namespace umbra::native
