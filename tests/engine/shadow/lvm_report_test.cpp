// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/lvm_report.h"

#include <gtest/gtest.h>

namespace umbra::shadow {
namespace {

// As LVM 2.03 of Debian 12 answers, shortened to the fields that are asked for.
constexpr std::string_view answer = R"({"report":[{"lv":[
  {"vg_name":"vg","lv_name":"root","origin":"","pool_lv":"","segtype":"linear","lv_attr":"owi-aos---","lv_size":"134217728",
   "data_percent":"","vg_free":"805306368","vg_extent_size":"4194304","lv_tags":""},
  {"vg_name":"vg","lv_name":"root","origin":"","pool_lv":"","segtype":"linear","lv_attr":"owi-aos---","lv_size":"134217728",
   "data_percent":"","vg_free":"805306368","vg_extent_size":"4194304","lv_tags":""},
  {"vg_name":"vg","lv_name":"copy","origin":"root","pool_lv":"","segtype":"linear","lv_attr":"swi-a-s---","lv_size":"33554432",
   "data_percent":"12.50","vg_free":"805306368","vg_extent_size":"4194304","lv_tags":"umbra.set=0a,umbra.snapshot=0b,other"},
  {"vg_name":"vg","lv_name":"lost","origin":"root","pool_lv":"","segtype":"linear","lv_attr":"swi-I-s---","lv_size":"33554432",
   "data_percent":"100.00","vg_free":"805306368","vg_extent_size":"4194304","lv_tags":""},
  {"vg_name":"vg","lv_name":"thin","origin":"","pool_lv":"pool","segtype":"thin","lv_attr":"Vwi-aotz--","lv_size":"268435456",
   "data_percent":"3.52","vg_free":"805306368","vg_extent_size":"4194304","lv_tags":""}]}]})";

TEST(lvm_report, tells_volumes_once_with_what_matters) {
  const auto all = parse_lvs(answer);
  ASSERT_TRUE(all.has_value());
  const auto& list = all.assume_value();
  ASSERT_EQ(list.size(), 4U) << "a volume of two segments is one";
  EXPECT_EQ(list[0].full_name(), "vg/root");
  EXPECT_EQ(list[0].size, 128U << 20);
  EXPECT_EQ(list[0].group_free, 768U << 20);
  EXPECT_FALSE(list[0].data_percent.has_value());
  EXPECT_FALSE(list[0].is_snapshot());
  EXPECT_TRUE(list[1].is_snapshot());
  EXPECT_EQ(list[1].data_percent, 12.5);
  EXPECT_EQ(list[1].tag("umbra.snapshot="), "0b");
  EXPECT_EQ(list[1].tag("umbra.nothing="), "");
  EXPECT_FALSE(list[1].is_invalid());
  EXPECT_TRUE(list[2].is_invalid());
  EXPECT_TRUE(list[3].is_thin());
}

TEST(lvm_report, refuses_what_is_no_report) {
  for (const char* text : {"", "null", "[]", "{}", R"({"report":[]})", R"({"report":{}})", R"({"report":[5]})",
                           R"({"report":[{"vg":[]}]})", R"({"report":[{"lv":5}]})", R"({"report":[{"lv":[5]}]})",
                           R"({"report":[{"lv":[{"vg_name":"vg"}]}]})", R"({"report":[{"lv":[{"lv_name":"a","vg_name":7}]}]})"})
    EXPECT_EQ(parse_lvs(text).error().code(), errc::decode) << text;
  EXPECT_TRUE(parse_lvs(R"({"report":[{"lv":[]}]})").has_value());
}

TEST(lvm_report, takes_numbers_that_are_none_for_zero) {
  const auto all = parse_lvs(
      R"({"report":[{"lv":[{"vg_name":"vg","lv_name":"a","lv_size":"-5","vg_free":"99999999999999999999","data_percent":"x"}]}]})");
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all.assume_value()[0].size, 0U);
  EXPECT_EQ(all.assume_value()[0].group_free, 0U);
  EXPECT_FALSE(all.assume_value()[0].data_percent.has_value());
}

}  // namespace
}  // namespace umbra::shadow
