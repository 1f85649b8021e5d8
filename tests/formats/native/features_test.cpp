// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/features.h"

#include <gmock/gmock.h>

#include "formats/native/text.h"
#include "tests/formats/native/pack_samples.h"

namespace umbra::native {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string refusal(const features& words, intent what, byte_view block = {}) {
  const auto judged = check_features(words, what, block);
  if (judged.has_value()) return "";
  EXPECT_EQ(judged.assume_error().code(), errc::unknown_feature);
  return judged.assume_error().text();
}

TEST(features, without_bits_refuse_nothing) {
  for (const auto what : {intent::read, intent::add, intent::collect}) EXPECT_EQ(refusal({}, what), "");
}

TEST(features, refuse_by_what_is_about_to_be_done) {
  const features incompat{1ull << 63, 0, 0, 0}, ro{0, 1, 0, 0}, gc{0, 0, 1ull << 5, 0}, compat{0, 0, 0, ~0ull};
  EXPECT_NE(refusal(incompat, intent::read), "");
  EXPECT_NE(refusal(incompat, intent::add), "");
  EXPECT_NE(refusal(incompat, intent::collect), "");
  EXPECT_EQ(refusal(ro, intent::read), "");
  EXPECT_NE(refusal(ro, intent::add), "");
  EXPECT_NE(refusal(ro, intent::collect), "");
  EXPECT_EQ(refusal(gc, intent::read), "");
  EXPECT_EQ(refusal(gc, intent::add), "");
  EXPECT_NE(refusal(gc, intent::collect), "");
  EXPECT_EQ(refusal(compat, intent::collect), "");
}

TEST(features, every_single_bit_that_must_be_known_refuses) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    EXPECT_THAT(refusal({1ull << bit, 0, 0, 0}, intent::read), HasSubstr("incompat bit " + std::to_string(bit)));
    EXPECT_THAT(refusal({0, 1ull << bit, 0, 0}, intent::add), HasSubstr("ro_compat bit " + std::to_string(bit)));
    EXPECT_THAT(refusal({0, 0, 1ull << bit, 0}, intent::collect), HasSubstr("gc_incompat bit " + std::to_string(bit)));
  }
}

TEST(features, are_named_by_number_and_by_reserved_name) {
  EXPECT_EQ(refusal({1ull << 17 | 1ull << 3, 0, 0, 0}, intent::read), "needs incompat bit 3, incompat bit 17");
  EXPECT_EQ(refusal({1, 0, 0, 0}, intent::read), "needs encryption (incompat bit 0)");
  EXPECT_THAT(refusal({0, 0, 1, 0}, intent::collect), HasSubstr("parity-packs"));
}

TEST(features, are_named_by_the_blocks_own_table) {
  superblock block{};
  block.features[0].word = std::uint8_t{1};
  block.features[0].bit = std::uint8_t{17};
  put_text(block.features[0].name, "of-another-word");
  block.features[1].word = std::uint8_t{0};
  block.features[1].bit = std::uint8_t{17};
  put_text(block.features[1].name, "time-travel");
  block.features[1].name[4] = '\n';
  const auto text = refusal({1ull << 17, 0, 0, 0}, intent::read, bytes_of(block));
  EXPECT_EQ(text, "needs time?travel (incompat bit 17)");
}

TEST(features, that_are_set_get_their_names_written) {
  auto info = samples::super();
  info.words = {1, 0, 1, 0};
  const auto block = encode(info);
  EXPECT_STREQ(block.features[0].name, "encryption");
  EXPECT_STREQ(block.features[1].name, "parity-packs");
  EXPECT_STREQ(block.features[2].name, "");
}

TEST(features, with_a_full_table_of_hostile_names_do_no_harm) {
  superblock block{};
  std::memset(&block.features, 0x41, sizeof block.features);
  EXPECT_EQ(refusal({2, 0, 0, 0}, intent::read, bytes_of(block)), "needs incompat bit 1");
}

}  // namespace
}  // namespace umbra::native
