// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/partial_ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<range> parsed(const std::string& text) {
  const auto r = parse_ranges(text);
  EXPECT_TRUE(r) << text << ": " << r.error().message();
  return r ? r.value() : std::vector<range>{};
}

std::string refusal_of(const std::string& text) {
  const auto r = parse_ranges(text);
  if (r) return "taken";
  EXPECT_EQ(code_of(r.error()), result_code::e_invalidarg);
  return r.error().text();
}

// A ranges file of these 64-bit numbers.
std::vector<std::byte> file_of(std::initializer_list<std::uint64_t> numbers) {
  std::vector<std::byte> file;
  for (const auto n : numbers) {
    for (unsigned shift = 0; shift < 64; shift += 8) file.push_back(static_cast<std::byte>(n >> shift));
  }
  return file;
}

std::string refusal_of(std::initializer_list<std::uint64_t> numbers) {
  const auto r = decode_ranges(file_of(numbers));
  if (r) return "taken";
  EXPECT_EQ(code_of(r.error()), result_code::e_invalidarg);
  return r.error().text();
}

constexpr std::uint64_t all_ones = ~0ULL;

TEST(partial_ranges, reads_decimal_and_hexadecimal) {
  EXPECT_THAT(parsed("0:4096, 0x2000:512"), ElementsAre(range{0, 4096}, range{8192, 512}));
  EXPECT_THAT(parsed("0:5,100:20"), ElementsAre(range{0, 5}, range{100, 20}));
  EXPECT_THAT(parsed("  0XfF : 0x1 "), ElementsAre(range{255, 1}));
  EXPECT_THAT(parsed("18446744073709551614:1"), ElementsAre(range{all_ones - 1, 1}));
  EXPECT_THAT(parsed("0:18446744073709551615"), ElementsAre(range{0, all_ones}));
  EXPECT_THAT(parsed("0x0:0xFFFFFFFFFFFFFFFF"), ElementsAre(range{0, all_ones}));
}

TEST(partial_ranges, keeps_the_order) {
  EXPECT_THAT(parsed("100:1, 0:1, 50:1"), ElementsAre(range{100, 1}, range{0, 1}, range{50, 1}));
}

TEST(partial_ranges, refuses_what_is_no_list_of_ranges) {
  for (const auto* text : {"",
                           " ",
                           ",",
                           "0:1,",
                           ",0:1",
                           "0:1,,2:1",
                           "0",
                           "0:",
                           ":1",
                           "0:1:2",
                           "a:1",
                           "0:b",
                           "-1:1",
                           "+1:1",
                           "0:-1",
                           "0x:1",
                           "0xg:1",
                           "1 2:1",
                           "0:1;2:1",
                           "0x:0x",
                           "0:1\n",
                           "File=/x",
                           "18446744073709551616:1"})
    EXPECT_THAT(refusal_of(text), HasSubstr("is not offset:length")) << text;
}

TEST(partial_ranges, refuses_empty_ranges_and_ends_beyond_64_bits) {
  EXPECT_THAT(refusal_of("7:0"), HasSubstr("the one at 7 is empty"));
  EXPECT_THAT(refusal_of("18446744073709551615:1"), HasSubstr("ends beyond 64 bits"));
  EXPECT_THAT(refusal_of("1:18446744073709551615"), HasSubstr("ends beyond 64 bits"));
}

TEST(partial_ranges, refuses_overlap_wherever_it_stands) {
  EXPECT_THAT(refusal_of("0:10, 9:1"), HasSubstr("those at 0 and 9 overlap"));
  EXPECT_THAT(refusal_of("9:1, 100:1, 0:10"), HasSubstr("those at 0 and 9 overlap"));
  EXPECT_THAT(refusal_of("5:1, 5:1"), HasSubstr("those at 5 and 5 overlap"));
  EXPECT_THAT(refusal_of("0:18446744073709551615, 5:1"), HasSubstr("overlap"));
  EXPECT_EQ(refusal_of("0:10, 10:1"), "taken");
}

TEST(partial_ranges, refuses_too_many) {
  std::string text = "0:1";
  for (std::size_t i = 1; i < ranges_limit; ++i) text += "," + std::to_string(i) + ":1";
  EXPECT_EQ(parsed(text).size(), ranges_limit);
  EXPECT_THAT(refusal_of(text + ",9999999:1"), HasSubstr("more than 1048576"));
}

TEST(partial_ranges, writes_what_it_reads) {
  const std::vector<range> ranges{{0, 4096}, {8192, 512}, {all_ones - 1, 1}};
  EXPECT_EQ(to_text(ranges), "0:4096, 8192:512, 18446744073709551614:1");
  EXPECT_EQ(parsed(to_text(ranges)), ranges);
  EXPECT_EQ(to_text({}), "");
}

TEST(partial_ranges, reads_a_ranges_file) {
  const auto read = decode_ranges(file_of({2, 0, 4096, 8192, 512}));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(read.value(), ElementsAre(range{0, 4096}, range{8192, 512}));
  const auto none = decode_ranges(file_of({0}));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none.value().empty());
}

TEST(partial_ranges, writes_a_ranges_file) {
  const std::vector<range> ranges{{100, 1}, {0, 7}};
  EXPECT_EQ(encode_ranges(ranges), file_of({2, 100, 1, 0, 7}));
}

TEST(partial_ranges, refuses_a_ranges_file_of_another_length) {
  EXPECT_THAT(decode_ranges({}).error().text(), HasSubstr("too short"));
  const auto file = file_of({1, 0, 4096});
  for (std::size_t size = 0; size < file.size(); ++size) EXPECT_FALSE(decode_ranges(byte_view(file).first(size))) << size;
  EXPECT_THAT(refusal_of({1, 0, 4096, 0}), HasSubstr("the file has 32 bytes, 1 ranges take 24"));
  EXPECT_THAT(refusal_of({2, 0, 4096}), HasSubstr("the file has 24 bytes, 2 ranges take 40"));
  EXPECT_THAT(refusal_of({0, 0, 4096}), HasSubstr("the file has 24 bytes, 0 ranges take 8"));
}

TEST(partial_ranges, refuses_counts_that_are_lies) {
  EXPECT_THAT(refusal_of({all_ones, 0, 1}), HasSubstr("more than 1048576"));
  EXPECT_THAT(refusal_of({0x1000000000000001ULL, 0, 1}), HasSubstr("more than 1048576"));  // times 16 it is 16 again
  EXPECT_THAT(refusal_of({ranges_limit + 1, 0, 1}), HasSubstr("more than 1048576"));
}

TEST(partial_ranges, refuses_bad_ranges_in_a_file) {
  EXPECT_THAT(refusal_of({1, 7, 0}), HasSubstr("the one at 7 is empty"));
  EXPECT_THAT(refusal_of({1, all_ones, 1}), HasSubstr("ends beyond 64 bits"));
  EXPECT_THAT(refusal_of({2, 0, 10, 9, 1}), HasSubstr("those at 0 and 9 overlap"));
}

TEST(partial_ranges, knows_a_ranges_file_from_a_list) {
  EXPECT_EQ(ranges_file_in("File=/srv/ranges"), "/srv/ranges");
  EXPECT_EQ(ranges_file_in(" File=C:\\ranges "), "C:\\ranges");
  EXPECT_EQ(ranges_file_in("/srv/ranges"), "/srv/ranges");
  EXPECT_EQ(ranges_file_in("0:1"), std::nullopt);
  EXPECT_EQ(ranges_file_in("File="), std::nullopt);
  EXPECT_EQ(ranges_file_in(""), std::nullopt);
}

TEST(partial_ranges, must_lie_in_the_file) {
  const std::vector<range> ranges{{0, 10}, {90, 10}};
  EXPECT_TRUE(check_ranges(ranges, 100));
  EXPECT_FALSE(check_ranges(ranges, 99));
  EXPECT_FALSE(check_ranges(std::vector<range>{{all_ones - 1, 1}}, 100));
  EXPECT_TRUE(check_ranges({}, 0));
  EXPECT_THAT(check_ranges(ranges, 99).error().text(), HasSubstr("90:10 lies beyond the end of the file at 99"));
}

TEST(partial_ranges, pairs_source_and_destination) {
  const std::vector<range> source{{0, 10}, {20, 5}};
  const auto paired = pair_ranges(source, std::vector<range>{{100, 10}, {50, 5}});
  ASSERT_TRUE(paired);
  EXPECT_THAT(paired.value(), ElementsAre(directed_range{{0, 10}, {100, 10}}, directed_range{{20, 5}, {50, 5}}));
  EXPECT_THAT(pair_ranges(source, std::vector<range>{{100, 10}}).error().text(),
              HasSubstr("2 of the source, 1 of the destination"));
  EXPECT_THAT(pair_ranges(source, std::vector<range>{{100, 10}, {50, 6}}).error().text(),
              HasSubstr("20:5 of the source does not fit 50:6 of the destination"));
}

}  // namespace
}  // namespace umbra::shadow
