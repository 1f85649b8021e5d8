// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/plain_text.h"

#include <gtest/gtest.h>

namespace umbra::shadow {
namespace {

using namespace std::string_literals;

TEST(plain_text, joins_lines) { EXPECT_EQ(one_line("  a\n\tb \r\n\n c\n", 100), "a b c"); }

TEST(plain_text, drops_control_characters_of_both_kinds) {
  EXPECT_EQ(one_line("red\x1b[31m\x07"s + "\0"s + "\x7f"s + "\xc2\x9b"s + "end", 100), "red [31m end");
}

TEST(plain_text, keeps_letters_beyond_ascii) { EXPECT_EQ(one_line("Schlüssel — 鍵 🔑", 100), "Schlüssel — 鍵 🔑"); }

TEST(plain_text, replaces_what_is_not_utf8) {
  EXPECT_EQ(one_line("a\xff\xc3", 100), "a??");
  EXPECT_EQ(one_line("\xc0\xaf\xe0\x80\x80", 100), "?????") << "overlong";
  EXPECT_EQ(one_line("\xed\xa0\x80\xf4\x90\x80\x80", 100), "???????") << "surrogate, beyond the end";
}

TEST(plain_text, keeps_the_end_of_what_is_too_long) {
  EXPECT_EQ(one_line("0123456789", 10), "0123456789");
  EXPECT_EQ(one_line("0123456789a", 10), "…123456789a");
}

TEST(plain_text, never_cuts_a_letter_in_two) { EXPECT_EQ(one_line("aüüü", 5), "…üü"); }

}  // namespace
}  // namespace umbra::shadow
