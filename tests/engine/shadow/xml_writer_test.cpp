// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/xml_writer.h"

#include <gtest/gtest.h>

namespace umbra::shadow {
namespace {

const std::string head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

// How a value is written.
std::string escaped(std::string_view value) {
  xml_writer xml;
  xml.open("a");
  xml.attribute("b", value);
  xml.close();
  const auto text = std::move(xml).finish();
  const auto begin = head.size() + std::string_view("<a b=\"").size();
  return text.substr(begin, text.size() - begin - std::string_view("\"/>\n").size());
}

TEST(xml_writer, nests_elements) {
  xml_writer xml;
  xml.open("one");
  xml.attribute("a", "1");
  xml.attribute("flag", true);
  xml.open("two");
  xml.attribute("flag", false);
  xml.attribute_if("gone", "");
  xml.attribute_if("there", "x");
  xml.close();
  xml.open("three");
  xml.open("four");
  xml.close();
  xml.close();
  xml.close();
  EXPECT_EQ(std::move(xml).finish(), head +
                                         "<one a=\"1\" flag=\"yes\">\n"
                                         "  <two flag=\"no\" there=\"x\"/>\n"
                                         "  <three>\n"
                                         "    <four/>\n"
                                         "  </three>\n"
                                         "</one>\n");
}

TEST(xml_writer, escapes_what_has_a_meaning) {
  EXPECT_EQ(escaped("<a href=\"x\">&amp;'</a>"), "&lt;a href=&quot;x&quot;&gt;&amp;amp;'&lt;/a&gt;");
  EXPECT_EQ(escaped("]]>"), "]]&gt;");
}

TEST(xml_writer, keeps_white_space) { EXPECT_EQ(escaped(" a\tb\nc\r\n"), " a&#9;b&#10;c&#13;&#10;"); }

TEST(xml_writer, keeps_utf8) {
  EXPECT_EQ(escaped("ä€😀"), "ä€😀");
  EXPECT_EQ(escaped("\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBD"), "\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBD");  // U+D7FF U+E000 U+FFFD
  EXPECT_EQ(escaped("\xF4\x8F\xBF\xBF"), "\xF4\x8F\xBF\xBF");                                          // U+10FFFF
}

TEST(xml_writer, replaces_what_xml_cannot_hold) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(escaped(std::string_view("a\0b", 3)), "a" + r + "b");
  EXPECT_EQ(escaped("\x01\x1f\x7f"), r + r + "\x7f");
  EXPECT_EQ(escaped("\xff"), r);
  EXPECT_EQ(escaped("a\xc3"), "a" + r);
  EXPECT_EQ(escaped("\xc3<"), r + "&lt;");
  EXPECT_EQ(escaped("\xc0\xaf"), r + r);                  // too long for "/"
  EXPECT_EQ(escaped("\xe0\x80\xaf"), r + r + r);          // the same in three
  EXPECT_EQ(escaped("\xf0\x80\x80\xaf"), r + r + r + r);  // and in four
  EXPECT_EQ(escaped("\xed\xa0\x80"), r + r + r);          // half of a surrogate pair
  EXPECT_EQ(escaped("\xf4\x90\x80\x80"), r + r + r + r);  // beyond U+10FFFF
  EXPECT_EQ(escaped("\xf5\x80\x80\x80"), r + r + r + r);
  EXPECT_EQ(escaped("\x80"), r);
  EXPECT_EQ(escaped("\xEF\xBF\xBE"), r);  // U+FFFE
  EXPECT_EQ(escaped("\xEF\xBF\xBF"), r);  // U+FFFF
}

}  // namespace
}  // namespace umbra::shadow
