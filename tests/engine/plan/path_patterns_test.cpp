// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/plan/path_patterns.h"

#include <gtest/gtest.h>

namespace umbra::plan {
namespace {

using enum path_patterns::letter_case;

bool takes(const std::string& pattern, std::string_view path) { return path_patterns({pattern}).matches(path, exact); }
bool goes_below(const std::string& pattern, std::string_view folder) {
  return path_patterns({pattern}).may_match_below(folder, exact);
}

TEST(path_patterns, take_whole_paths_from_the_root) {
  EXPECT_TRUE(takes("/swapfile", "/swapfile"));
  EXPECT_TRUE(takes("var/swap", "/var/swap"));
  EXPECT_FALSE(takes("/swapfile", "/var/swapfile"));
  EXPECT_FALSE(takes("/var", "/var/swap"));
  EXPECT_FALSE(takes("/var/swap", "/var"));
}

TEST(path_patterns, take_a_bare_name_in_any_folder) {
  EXPECT_TRUE(takes("pagefile.sys", "/pagefile.sys"));
  EXPECT_TRUE(takes("*.iso", "/home/ann/debian.iso"));
  EXPECT_FALSE(takes("*.iso", "/home/debian.iso/readme"));
}

TEST(path_patterns, let_stars_stay_inside_a_name) {
  EXPECT_TRUE(takes("/home/*/cache/?", "/home/ann/cache/a"));
  EXPECT_FALSE(takes("/home/*/cache/?", "/home/ann/bob/cache/a"));
  EXPECT_FALSE(takes("/home/*/cache/?", "/home/ann/cache/ab"));
  EXPECT_TRUE(takes("/a*b*c", "/aXbXbXc"));
  EXPECT_FALSE(takes("/a*b*c", "/aXbXbX"));
}

TEST(path_patterns, take_any_number_of_names_for_two_stars) {
  EXPECT_TRUE(takes("/var/**/x", "/var/x"));
  EXPECT_TRUE(takes("/var/**/x", "/var/a/b/x"));
  EXPECT_FALSE(takes("/var/**/x", "/x"));
  EXPECT_TRUE(takes("/var/**", "/var/a/b"));
}

TEST(path_patterns, take_what_a_backslash_guards_as_it_is) {
  EXPECT_TRUE(takes("/a\\*", "/a*"));
  EXPECT_FALSE(takes("/a\\*", "/ab"));
  EXPECT_TRUE(takes("/[a]", "/[a]"));
}

TEST(path_patterns, fold_latin_letters_only_when_told) {
  const path_patterns patterns({"/PageFile.sys"});
  EXPECT_TRUE(patterns.matches("/pagefile.SYS", folded));
  EXPECT_FALSE(patterns.matches("/pagefile.SYS", exact));
}

TEST(path_patterns, know_folders_that_hold_nothing) {
  EXPECT_TRUE(goes_below("/var/swap", "/"));
  EXPECT_TRUE(goes_below("/var/swap", "/var"));
  EXPECT_FALSE(goes_below("/var/swap", "/home"));
  EXPECT_FALSE(goes_below("/var/swap", "/var/swap"));
  EXPECT_FALSE(goes_below("/swapfile", "/var"));
  EXPECT_TRUE(goes_below("*.iso", "/any/where"));
  EXPECT_TRUE(goes_below("/var/**", "/var/a/b"));
}

TEST(path_patterns, are_empty_without_a_name) {
  EXPECT_TRUE(path_patterns({"", "/"}).empty());
  EXPECT_FALSE(path_patterns({"", "/"}).matches("/", exact));
}

TEST(path_patterns, do_not_take_ages) {
  EXPECT_FALSE(takes("/" + std::string(2000, '*') + "b", "/" + std::string(4000, 'a')));
  std::string deep;
  for (int i = 0; i < 500; ++i) deep += "/**/a";
  EXPECT_TRUE(takes(deep, std::string("/b") + deep));
  EXPECT_FALSE(takes(deep + "/c", std::string("/b") + deep));
}

}  // namespace
}  // namespace umbra::plan
