// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/bytes.h"

#include <gtest/gtest.h>

#include "engine/base/wire.h"

namespace umbra {
namespace {

using small_id = opaque_id<4, struct small_tag>;

TEST(hex, spells_every_byte_and_reads_it_back) {
  std::array<std::byte, 256> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::byte>(i);
  const auto text = to_hex(all);
  EXPECT_EQ(text.size(), 512U);
  EXPECT_EQ(text.substr(0, 8), "00010203");
  EXPECT_EQ(text.substr(504), "fcfdfeff");
  std::array<std::byte, 256> back{};
  ASSERT_TRUE(from_hex(text, back));
  EXPECT_EQ(back, all);
}

TEST(hex, reads_both_cases) {
  EXPECT_EQ(id_from_hex<small_id>("DEADbeef"), id_from_hex<small_id>("deadBEEF"));
  EXPECT_EQ(to_hex(id_from_hex<small_id>("DEADbeef")->view()), "deadbeef");
}

TEST(hex, refuses_other_lengths_and_characters) {
  for (const auto* text : {"", "dead", "deadbee", "deadbeef0", "deadbeef00", "deadbeeg", "dead beef", "0xdeadbe", "dead-eef",
                           "\xff\xff"
                           "adbeef"}) {
    EXPECT_FALSE(id_from_hex<small_id>(text).has_value()) << text;
  }
}

TEST(hex, every_character_that_is_no_digit_is_refused) {
  for (int c = 0; c < 256; ++c) {
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    const std::string text = std::string(1, static_cast<char>(c)) + "0000000";
    EXPECT_EQ(id_from_hex<small_id>(text).has_value(), digit) << c;
  }
}

TEST(opaque_id, orders_like_its_hex) {
  const auto low = *id_from_hex<small_id>("00ffffff");
  const auto high = *id_from_hex<small_id>("01000000");
  EXPECT_LT(low, high);
  EXPECT_EQ(low <=> low, std::strong_ordering::equal);
}

TEST(opaque_id, is_none_only_when_all_zero) {
  EXPECT_TRUE(small_id{}.is_none());
  EXPECT_FALSE(id_from_hex<small_id>("00000001")->is_none());
}

TEST(bytes, structures_survive_the_way_through_bytes) {
  struct packed {
    wire::u32 first;
    wire::u16 second;
  };
  static_assert(sizeof(packed) == 6);
  packed in{};
  in.first = 0x11223344U;
  in.second = static_cast<std::uint16_t>(0x5566);
  EXPECT_EQ(to_hex(bytes_of(in)), "443322116655");  // little-endian, no padding
  const auto out = read_struct<packed>(bytes_of(in));
  EXPECT_EQ(out.first.value(), 0x11223344U);
  EXPECT_EQ(out.second.value(), 0x5566);
}

TEST(bytes, text_and_bytes_are_views_of_the_same_memory) {
  const std::string_view text = "umbra";
  EXPECT_EQ(as_text(as_bytes(text)).data(), text.data());
  EXPECT_EQ(as_text(as_bytes(text)), text);
}

}  // namespace
}  // namespace umbra
