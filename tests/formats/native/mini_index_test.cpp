// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/mini_index.h"

#include <gtest/gtest.h>

#include "tests/formats/native/pack_samples.h"

namespace umbra::native {
namespace {

using samples::bytes;
using samples::must;

constexpr std::uint64_t begin = 8192;
constexpr std::uint64_t own = 12288;

std::vector<segment_record> sample_records() {
  const auto random = seeded_random(4);
  return {{random->make<content_id>(), begin, 100, 200, record_type::data, 1},
          {random->make<content_id>(), begin + 208, 7, 7, record_type::leaf, 0}};
}

bool is_refused(const std::vector<segment_record>& records, std::uint64_t offset = begin, std::uint64_t place = own) {
  const auto decoded = decode_mini_index(encode_mini_index(5, offset, records), place);
  return decoded.has_error() && decoded.assume_error().code() == errc::decode;
}

template <class Change>
bool is_refused_with(const Change& change) {
  auto records = sample_records();
  change(records);
  return is_refused(records);
}

TEST(mini_index, comes_back_as_it_was_written) {
  const auto records = sample_records();
  const auto back = must(decode_mini_index(encode_mini_index(5, begin, records), own));
  EXPECT_EQ(back.segment, 5u);
  EXPECT_EQ(back.segment_offset, begin);
  EXPECT_EQ(back.records, records);
}

TEST(mini_index, of_another_length_than_its_count_is_refused) {
  const auto whole = encode_mini_index(5, begin, sample_records());
  for (std::size_t size = 0; size < whole.size(); ++size)
    ASSERT_TRUE(decode_mini_index(byte_view(whole).first(size), own).has_error()) << size;
  auto longer = whole;
  longer.resize(longer.size() + sizeof(mini_index_entry));
  EXPECT_TRUE(decode_mini_index(longer, own).has_error());
}

TEST(mini_index, of_nothing_is_refused) { EXPECT_TRUE(is_refused({})); }

TEST(mini_index, names_records_of_its_segment_alone) {
  EXPECT_FALSE(is_refused_with([](auto&) {}));
  EXPECT_TRUE(is_refused_with([](auto& r) { r[0].offset -= 16; }));                     // before the segment
  EXPECT_TRUE(is_refused_with([](auto& r) { r[1].offset -= 16; }));                     // inside its predecessor
  EXPECT_TRUE(is_refused_with([](auto& r) { r[1].offset += 8; }));                      // no place for a record
  EXPECT_TRUE(is_refused_with([](auto& r) { r[1].offset = own - 96; }));                // reaches into the index itself
  EXPECT_TRUE(is_refused_with([](auto& r) { r[1].offset = ~std::uint64_t{0} - 15; }));  // beyond everything
  EXPECT_TRUE(is_refused_with([](auto& r) { std::swap(r[0], r[1]); }));
  EXPECT_TRUE(is_refused_with([](auto& r) { r[1].stored_size = ~0u; }));
  EXPECT_TRUE(is_refused_with([](auto& r) { r[1].plain_size = max_plain + 1; }));
  EXPECT_TRUE(is_refused(sample_records(), begin, begin));
}

TEST(mini_index, belongs_to_a_segment_on_a_page) {
  EXPECT_TRUE(is_refused(sample_records(), begin - 16));
  EXPECT_TRUE(is_refused(sample_records(), 0));
}

}  // namespace
}  // namespace umbra::native
