// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/wildcard.h"

#include <gtest/gtest.h>

#include <string>

namespace umbra::shadow {
namespace {

TEST(wildcard, plain_names_fit_themselves) {
  EXPECT_TRUE(matches_pattern("a.txt", "a.txt"));
  EXPECT_FALSE(matches_pattern("a.txt", "a.tx"));
  EXPECT_FALSE(matches_pattern("a.tx", "a.txt"));
  EXPECT_FALSE(matches_pattern("", "a"));
  EXPECT_FALSE(matches_pattern("a", ""));
  EXPECT_TRUE(matches_pattern("", ""));
}

TEST(wildcard, a_star_is_any_text) {
  for (const auto* name : {"", "a", "abc", ".hidden", "a.b.c"}) EXPECT_TRUE(matches_pattern(name, "*")) << name;
  EXPECT_TRUE(matches_pattern("core.123", "core.*"));
  EXPECT_TRUE(matches_pattern("core.", "core.*"));
  EXPECT_FALSE(matches_pattern("core", "core.*"));
  EXPECT_TRUE(matches_pattern("a.log.log", "*.log"));
  EXPECT_FALSE(matches_pattern("a.log.1", "*.log"));
  EXPECT_TRUE(matches_pattern("abcabcabd", "*abc*abd"));
  EXPECT_TRUE(matches_pattern("aab", "a*ab"));
  EXPECT_FALSE(matches_pattern("ab", "a*ab"));
  EXPECT_TRUE(matches_pattern("abc", "***a**b*c**"));
}

TEST(wildcard, a_question_mark_is_one_character) {
  EXPECT_TRUE(matches_pattern("Perfc009.dat", "Perfc???.dat"));
  EXPECT_FALSE(matches_pattern("Perfc09.dat", "Perfc???.dat"));
  EXPECT_FALSE(matches_pattern("Perfc0009.dat", "Perfc???.dat"));
  EXPECT_FALSE(matches_pattern("", "?"));
  EXPECT_TRUE(matches_pattern("ab", "*?"));
  EXPECT_FALSE(matches_pattern("", "*?"));
}

TEST(wildcard, a_character_is_one_of_utf8_or_a_byte) {
  EXPECT_TRUE(matches_pattern("ä", "?"));
  EXPECT_FALSE(matches_pattern("ä", "??"));
  EXPECT_TRUE(matches_pattern("€x😀", "?x?"));
  EXPECT_TRUE(matches_pattern("\xff", "?"));
  EXPECT_TRUE(matches_pattern("\xe2\x82", "??"));
  EXPECT_TRUE(matches_pattern("a\xc3", "a?"));
  EXPECT_TRUE(matches_pattern("\xc0\x80", "??"));
}

TEST(wildcard, nothing_else_is_special) {
  EXPECT_TRUE(matches_pattern("[a]", "[a]"));
  EXPECT_FALSE(matches_pattern("a", "[a]"));
  EXPECT_TRUE(matches_pattern("a\\b", "a\\b"));
  EXPECT_FALSE(matches_pattern("name", "*.*"));
  EXPECT_FALSE(matches_pattern("a*", "a"));
  EXPECT_TRUE(matches_pattern("a*", "a*"));
}

TEST(wildcard, case_counts_unless_it_is_ignored) {
  EXPECT_FALSE(matches_pattern("README.TXT", "readme.*"));
  EXPECT_TRUE(matches_pattern("README.TXT", "readme.*", letter_case::ignored));
  EXPECT_TRUE(matches_pattern("readme.txt", "README.TX?", letter_case::ignored));
  EXPECT_FALSE(matches_pattern("a", "b", letter_case::ignored));
  EXPECT_FALSE(matches_pattern("[", "{", letter_case::ignored));
  EXPECT_TRUE(matches_pattern("name", "*.*", letter_case::ignored));
}

TEST(wildcard, many_stars_do_not_multiply_the_work) {
  const std::string name(4000, 'a');
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "a*";
  EXPECT_TRUE(matches_pattern(name, pattern));
  EXPECT_FALSE(matches_pattern(name, pattern + "b"));
}

TEST(wildcard, knows_patterns_from_names) {
  EXPECT_TRUE(has_wildcard("*"));
  EXPECT_TRUE(has_wildcard("a?"));
  EXPECT_FALSE(has_wildcard("a.txt"));
  EXPECT_FALSE(has_wildcard(""));
}

}  // namespace
}  // namespace umbra::shadow
