// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/block/zero.h"

#include <gtest/gtest.h>

#include <vector>

namespace umbra {
namespace {

TEST(zero, nothing_is_zero) { EXPECT_TRUE(is_zero({})); }

TEST(zero, finds_one_set_bit_at_every_place_of_every_length) {
  std::vector<std::byte> memory(530);
  for (std::size_t size = 0; size <= 520; ++size) {
    const auto bytes = byte_view(memory).first(size);
    ASSERT_TRUE(is_zero(bytes)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      memory[at] = static_cast<std::byte>(1U << (at % 8));
      ASSERT_FALSE(is_zero(bytes)) << size << " at " << at;
      memory[at] = std::byte{};
    }
  }
}

TEST(zero, looks_at_its_own_bytes_only_at_every_alignment) {
  for (std::size_t offset = 0; offset < 64; ++offset) {
    for (const std::size_t size : {1U, 15U, 16U, 17U, 127U, 128U, 129U, 255U, 256U, 300U, 511U, 512U, 513U}) {
      std::vector<std::byte> memory(offset + size + 64, std::byte{0xff});
      std::fill_n(memory.begin() + static_cast<std::ptrdiff_t>(offset), size, std::byte{});
      const auto bytes = byte_span(memory).subspan(offset, size);
      ASSERT_TRUE(is_zero(bytes)) << offset << ' ' << size;
      bytes.back() = std::byte{1};
      ASSERT_FALSE(is_zero(bytes)) << offset << ' ' << size;
    }
  }
}

TEST(zero, reads_no_byte_beyond_an_exact_allocation) {
  // Under the address sanitizer a step too far ends the test.
  for (std::size_t size = 1; size <= 600; ++size) EXPECT_TRUE(is_zero(std::vector<std::byte>(size)));
}

TEST(zero, finds_a_byte_anywhere_in_a_large_block) {
  std::vector<std::byte> block(65536);
  ASSERT_TRUE(is_zero(block));
  for (std::size_t at = 0; at < block.size(); at += 251) {
    block[at] = std::byte{0x80};
    ASSERT_FALSE(is_zero(block)) << at;
    block[at] = std::byte{};
  }
}

}  // namespace
}  // namespace umbra
