// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/checkpoint.h"

#include <gtest/gtest.h>

#include "tests/formats/native/pack_samples.h"

namespace umbra::native {
namespace {

using samples::must;

constexpr std::uint64_t own = 40960;
constexpr std::uint32_t one_entry = sizeof(mini_index_header) + sizeof(mini_index_entry);

std::vector<segment_place> sample_segments() { return {{12288, 12512, one_entry, 1}, {16384, 20480, one_entry, 1}}; }

bool is_refused(const std::vector<segment_place>& segments, std::uint64_t previous = 8192, std::uint32_t first = 3) {
  const auto decoded = decode_checkpoint(encode_checkpoint(previous, first, segments), own);
  return decoded.has_error() && decoded.assume_error().code() == errc::decode;
}

template <class Change>
bool is_refused_with(const Change& change) {
  auto segments = sample_segments();
  change(segments);
  return is_refused(segments);
}

TEST(checkpoint, comes_back_as_it_was_written) {
  const auto back = must(decode_checkpoint(encode_checkpoint(8192, 3, sample_segments()), own));
  EXPECT_EQ(back.previous, 8192u);
  EXPECT_EQ(back.first_segment, 3u);
  EXPECT_EQ(back.segments, sample_segments());
}

TEST(checkpoint, of_another_length_than_its_count_is_refused) {
  const auto whole = encode_checkpoint(8192, 3, sample_segments());
  for (std::size_t size = 0; size < whole.size(); ++size)
    ASSERT_TRUE(decode_checkpoint(byte_view(whole).first(size), own).has_error()) << size;
}

TEST(checkpoint, of_nothing_is_refused) { EXPECT_TRUE(is_refused({})); }

TEST(checkpoint, chain_always_falls) {
  EXPECT_TRUE(is_refused(sample_segments(), own, 3));         // itself
  EXPECT_TRUE(is_refused(sample_segments(), own + 4096, 3));  // a later one
  EXPECT_TRUE(is_refused(sample_segments(), 12288, 3));       // one inside what it names
  EXPECT_TRUE(is_refused(sample_segments(), 8192 + 16, 3));   // off its page
  EXPECT_TRUE(is_refused(sample_segments(), 0, 3));           // none, but segments before
  EXPECT_TRUE(is_refused(sample_segments(), 8192, 0));        // one, but no segments before
  EXPECT_FALSE(is_refused(sample_segments(), 0, 0));
}

TEST(checkpoint, names_segments_in_order_before_itself) {
  EXPECT_FALSE(is_refused_with([](auto&) {}));
  EXPECT_TRUE(is_refused_with([](auto& s) { std::swap(s[0], s[1]); }));
  EXPECT_TRUE(is_refused_with([](auto& s) { s[1].offset += 16; }));
  EXPECT_TRUE(is_refused_with([](auto& s) { s[1].offset = 12288; }));
  EXPECT_TRUE(is_refused_with([](auto& s) { s[1].mini_index_offset = s[1].offset; }));
  EXPECT_TRUE(is_refused_with([](auto& s) { s[1].mini_index_offset += 8; }));
  EXPECT_TRUE(is_refused_with([](auto& s) { s[1].mini_index_offset = own - 96; }));
  EXPECT_TRUE(is_refused_with([](auto& s) { s[1].mini_index_offset = ~std::uint64_t{15}; }));
  EXPECT_TRUE(is_refused_with([](auto& s) { s[1].mini_index_size += 1; }));
  EXPECT_TRUE(is_refused_with([](auto& s) { s[1].mini_index_size = ~0u; }));
  EXPECT_TRUE(is_refused_with([](auto& s) { s[1].record_count = 2; }));
}

}  // namespace
}  // namespace umbra::native
