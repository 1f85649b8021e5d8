// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/exit_code.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace umbra::cli {
namespace {

TEST(exit_code, tells_usage_busy_cancelled_and_damage_from_failure) {
  EXPECT_EQ(exit_code_for(errc::usage), exit_usage);
  EXPECT_EQ(exit_code_for(errc::busy), exit_busy);
  EXPECT_EQ(exit_code_for(errc::cancelled), exit_cancelled);
  for (const auto damage : {errc::bad_magic, errc::checksum, errc::decode, errc::damaged}) {
    EXPECT_EQ(exit_code_for(damage), exit_damaged);
  }
  for (const auto failure : {errc::io_read, errc::io_write, errc::not_found, errc::exists, errc::no_space, errc::denied,
                             errc::out_of_range, errc::geometry_mismatch, errc::source_changed, errc::unsupported_version,
                             errc::unknown_feature, errc::audit, errc::unsupported, errc::internal}) {
    EXPECT_EQ(exit_code_for(failure), exit_failed) << error_name(failure);
  }
}

TEST(exit_code, has_a_name_for_every_kind) {
  std::set<std::string> names;
  for (int code = static_cast<int>(errc::io_read); code <= static_cast<int>(errc::internal); ++code) {
    const std::string name = error_name(static_cast<errc>(code));
    EXPECT_NE(name, "unknown") << code;
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace umbra::cli
