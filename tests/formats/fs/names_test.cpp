// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/names.h"

#include <gtest/gtest.h>

namespace umbra::fs {
namespace {

std::string utf8(std::u16string_view units) {
  std::vector<std::byte> bytes;
  for (const auto u : units) {
    bytes.push_back(static_cast<std::byte>(u & 0xff));
    bytes.push_back(static_cast<std::byte>(u >> 8));
  }
  return utf8_of_utf16(bytes);
}

TEST(names, spell_uuids_as_everybody_does) {
  std::vector<std::byte> id(16);
  EXPECT_EQ(uuid_text(id), "");
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<std::byte>(i * 17);
  EXPECT_EQ(uuid_text(id), "00112233-4455-6677-8899-aabbccddeeff");
}

TEST(names, end_labels_at_nul_and_drop_spaces) {
  EXPECT_EQ(label_text(std::string_view("root\0junk", 9)), "root");
  EXPECT_EQ(label_text("BOOT       "), "BOOT");
  EXPECT_EQ(label_text("    "), "");
}

TEST(names, carry_utf_16_over) {
  EXPECT_EQ(utf8(u"Daten"), "Daten");
  EXPECT_EQ(utf8(u"\u00fc\u20ac"), "\xc3\xbc\xe2\x82\xac");
  EXPECT_EQ(utf8(u"\U0001f600!"), "\xf0\x9f\x98\x80!");
  EXPECT_EQ(utf8(std::u16string_view(u"a\0b", 3)), "a");
}

TEST(names, replace_halves_of_pairs) {
  const char16_t alone[] = {0xd83d, u'x', 0xdc00, 0xd83d};
  EXPECT_EQ(utf8(std::u16string_view(alone, 4)), "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace umbra::fs
