// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/printable.h"

#include <gtest/gtest.h>

namespace umbra::cli {
namespace {

TEST(printable, leaves_text_of_any_language_alone) {
  for (const char* text :
       {"", "disk.raw", "a b\"c'", "ünïcödé", "日本", "🖴", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(printable(text), text);
    EXPECT_TRUE(is_printable(text));
  }
}

TEST(printable, takes_the_teeth_from_control_characters) {
  EXPECT_EQ(printable("\x1b[31mred\x1b[0m"), "?[31mred?[0m");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a?b");
  EXPECT_EQ(printable("a\nb\rc\td\x7f"), "a?b?c?d?");
  // C1: one character of two bytes, which terminals obey like ESC [.
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m");
  EXPECT_EQ(printable("\xc2\x80\xc2\x9f\xc2\xa0"), "??\xc2\xa0");
  EXPECT_EQ(printable("line\xe2\x80\xa8paragraph\xe2\x80\xa9"), "line?paragraph?");
  EXPECT_FALSE(is_printable("a\n"));
}

TEST(printable, does_not_let_the_direction_of_writing_turn) {
  EXPECT_EQ(printable("\xe2\x80\xaegpj.exe"), "?gpj.exe");
  EXPECT_EQ(printable("\xe2\x81\xa6x\xe2\x81\xa9"), "?x?");
  EXPECT_EQ(printable("\xe2\x80\x8f"), "?");
}

TEST(printable, replaces_each_byte_that_is_not_utf8) {
  EXPECT_EQ(printable("\xff"), "?");
  EXPECT_EQ(printable("a\x80z"), "a?z");
  EXPECT_EQ(printable("\xc3"), "?");                 // cut off
  EXPECT_EQ(printable("\xe2\x82"), "??");            // cut off
  EXPECT_EQ(printable("\xc3("), "?(");               // what follows is kept
  EXPECT_EQ(printable("\xc0\xaf"), "??");            // overlong '/'
  EXPECT_EQ(printable("\xe0\x80\x9b"), "???");       // overlong
  EXPECT_EQ(printable("\xf0\x80\x80\x8a"), "????");  // overlong line feed
  EXPECT_EQ(printable("\xed\xa0\x80"), "???");       // surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????");  // beyond Unicode
  EXPECT_EQ(printable("\xf8\x88\x80\x80\x80"), "?????");
}

}  // namespace
}  // namespace umbra::cli
