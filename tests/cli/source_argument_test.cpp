// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/source_argument.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace umbra::cli {
namespace {

TEST(source_argument, is_a_path_or_a_part_of_it) {
  const auto whole = parse_source("/dev/vdb");
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(whole.value().path, "/dev/vdb");
  EXPECT_FALSE(whole.value().window);

  const auto part = parse_source("disk.raw@1M+512M");
  ASSERT_TRUE(part.has_value());
  EXPECT_EQ(part.value().path, "disk.raw");
  EXPECT_EQ(part.value().window, (range{1 << 20, 512 << 20}));
}

TEST(source_argument, counts_the_last_at_sign_only_and_only_before_a_plus) {
  const auto mail = parse_source("me@home");
  ASSERT_TRUE(mail.has_value());
  EXPECT_EQ(mail.value().path, "me@home");
  const auto plus = parse_source("a+b");
  ASSERT_TRUE(plus.has_value());
  EXPECT_EQ(plus.value().path, "a+b");
  const auto both = parse_source("me@home@0+1K");
  ASSERT_TRUE(both.has_value());
  EXPECT_EQ(both.value().path, "me@home");
  EXPECT_EQ(both.value().window, (range{0, 1024}));
}

TEST(source_argument, refuses_what_does_not_read_as_a_part) {
  for (const char* text : {"d@x+1", "d@1+x", "d@+", "d@1+", "d@+1", "d@-1+1", "d@511+1M", "d@1+1"}) {
    const auto parsed = parse_source(text);
    ASSERT_TRUE(parsed.has_error()) << text;
    EXPECT_EQ(parsed.error().code(), errc::usage) << text;
    EXPECT_NE(parsed.error().message().find(text), std::string::npos) << parsed.error().message();
  }
}

TEST(source_argument, may_be_an_export_of_an_nbd_server) {
  const auto whole = parse_source("nbd://bob@host:10809/disk");
  ASSERT_TRUE(whole.has_value());
  EXPECT_TRUE(whole.value().is_remote());
  EXPECT_EQ(whole.value().path, "nbd://bob@host:10809/disk");
  EXPECT_EQ(whole.value().name(), "nbd://host:10809/disk");
  const auto part = parse_source("nbd+unix:///?socket=/run/disk@1M+2M");
  ASSERT_TRUE(part.has_value());
  EXPECT_TRUE(part.value().is_remote());
  EXPECT_EQ(part.value().name(), "nbd+unix:///?socket=/run/disk");
  EXPECT_EQ(part.value().window, (range{1 << 20, 2 << 20}));
  EXPECT_FALSE(parse_source("/dev/nbd0").value().is_remote());
  EXPECT_EQ(parse_source("/dev/nbd0").value().name(), "/dev/nbd0");
}

class source_files : public testing::Test {
 protected:
  std::string file(const char* name, std::size_t size) {
    std::ofstream(dir_.at(name)) << std::string(size, 'x');
    return dir_.at(name);
  }
  test::temp_dir dir_;
};

TEST_F(source_files, of_the_very_name_come_before_parts) {
  const auto path = file("d@x+1", 600);
  const auto parsed = parse_source(path);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed.value().path, path);
  EXPECT_FALSE(parsed.value().window);
}

TEST_F(source_files, open_whole_or_in_part) {
  const auto path = file("disk", 2000);
  const auto whole = open_source({path, std::nullopt}, {});
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(whole.value()->geometry().size, 2000u);
  const auto part = open_source({path, range{512, 1488}}, {});
  ASSERT_TRUE(part.has_value()) << part.error().message();
  EXPECT_EQ(part.value()->geometry().size, 1488u);
}

TEST_F(source_files, are_not_empty_and_hold_the_part) {
  const auto path = file("disk", 2000);
  for (const range window : {range{512, 1489}, range{2048, 1}, range{0, ~0ull}, range{~511ull, 1024}}) {
    const auto opened = open_source({path, window}, {});
    ASSERT_TRUE(opened.has_error());
    EXPECT_EQ(opened.error().code(), errc::usage);
    EXPECT_NE(opened.error().message().find("beyond the end"), std::string::npos) << opened.error().message();
  }
  for (const auto& source : {source_argument{file("empty", 0), std::nullopt}, source_argument{path, range{512, 0}}}) {
    const auto opened = open_source(source, {});
    ASSERT_TRUE(opened.has_error());
    EXPECT_EQ(opened.error().code(), errc::usage);
    EXPECT_NE(opened.error().message().find("is empty"), std::string::npos) << opened.error().message();
  }
}

TEST_F(source_files, that_are_missing_get_a_hint_where_a_part_may_have_been_meant) {
  const auto plain = open_source({dir_.at("none"), std::nullopt}, {});
  ASSERT_TRUE(plain.has_error());
  EXPECT_EQ(plain.error().code(), errc::not_found);
  EXPECT_EQ(plain.error().message().find("a part"), std::string::npos);
  const auto part = open_source({dir_.at("none@1M"), std::nullopt}, {});
  ASSERT_TRUE(part.has_error());
  EXPECT_NE(part.error().message().find("a part of a source is named as in disk.raw@1M+512M"), std::string::npos);
}

}  // namespace
}  // namespace umbra::cli
