// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/guid.h"

#include <gtest/gtest.h>

#include <cctype>

#include "engine/base/random.h"

namespace umbra::shadow {
namespace {

constexpr std::string_view system_provider = "{b5946137-7b9f-4925-af80-51abd60b20d5}";

TEST(guid, reads_what_it_writes) {
  const auto random = seeded_random(11);
  for (int i = 0; i < 1000; ++i) {
    const auto id = random->make<guid>();
    EXPECT_EQ(parse_guid(to_string(id)), id);
  }
  EXPECT_EQ(to_string(guid{}), "{00000000-0000-0000-0000-000000000000}");
  EXPECT_TRUE(parse_guid(to_string(guid{}))->is_none());
}

TEST(guid, keeps_the_bytes_in_the_order_in_which_they_are_written) {
  const auto id = parse_guid(system_provider);
  ASSERT_TRUE(id);
  EXPECT_EQ(to_hex(id->view()), "b59461377b9f4925af8051abd60b20d5");
  EXPECT_EQ(to_string(*id), system_provider);
}

TEST(guid, takes_either_case_with_or_without_braces) {
  const auto id = parse_guid(system_provider);
  EXPECT_EQ(parse_guid("{B5946137-7B9F-4925-AF80-51ABD60B20D5}"), id);
  EXPECT_EQ(parse_guid("b5946137-7b9f-4925-af80-51abd60b20d5"), id);
  EXPECT_EQ("B5946137-7b9f-4925-AF80-51abd60b20d5"_guid, id);
}

TEST(guid, refuses_everything_else) {
  for (const std::string_view text : {"",
                                      "{",
                                      "{}",
                                      "-",
                                      "{b5946137-7b9f-4925-af80-51abd60b20d5",
                                      "b5946137-7b9f-4925-af80-51abd60b20d5}",
                                      "(b5946137-7b9f-4925-af80-51abd60b20d5)",
                                      "}b5946137-7b9f-4925-af80-51abd60b20d5{",
                                      "{{b5946137-7b9f-4925-af80-51abd60b20d5}}",
                                      "{b59461377b9f4925af8051abd60b20d5}",
                                      "b59461377b9f4925af8051abd60b20d5",
                                      "{b5946137-7b9f-4925-af80-51abd60b20d}",
                                      "{b5946137-7b9f-4925-af80-51abd60b20d55}",
                                      "{b5946137-7b9f-4925-af8051-abd60b20d5}",
                                      "{b5946137-7b9f-4925-af80-51abd60b20dg}",
                                      "{b5946137-7b9f-4925-af80-51abd60b20d }",
                                      " b5946137-7b9f-4925-af80-51abd60b20d5",
                                      "{-5946137-7b9f-4925-af80-51abd60b20d5}",
                                      "{b5946137_7b9f_4925_af80_51abd60b20d5}",
                                      "{------------------------------------}",
                                      "0xb594617-7b9f-4925-af80-51abd60b20d5"})
    EXPECT_FALSE(parse_guid(text)) << text;
  EXPECT_FALSE(parse_guid(std::string_view("{b5946137-7b9f-4925-af80-51abd60b20d\0}", 38)));
  EXPECT_FALSE(parse_guid(std::string(100'000, '-')));
}

// Every text that differs in one character from a good one names another id or none.
TEST(guid, notices_each_character) {
  const auto id = parse_guid(system_provider);
  for (std::size_t place = 0; place < system_provider.size(); ++place)
    for (int c = 0; c < 256; ++c) {
      std::string text(system_provider);
      text[place] = static_cast<char>(c);
      const auto read = parse_guid(text);
      const bool same = read && *read == *id;
      const bool same_digit = std::tolower(c) == system_provider[place];
      EXPECT_EQ(same, same_digit) << text;
      EXPECT_TRUE(!read || std::isxdigit(c) != 0 || same_digit) << text;
    }
}

TEST(guid_death, a_wrong_constant_ends_the_program) { EXPECT_DEATH("{not-a-guid}"_guid, ""); }

}  // namespace
}  // namespace umbra::shadow
