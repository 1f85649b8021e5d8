// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/event.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace umbra::shadow {
namespace {

TEST(event, has_eleven_names_that_are_read_back) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < event_count; ++i) {
    const auto e = static_cast<event>(i);
    EXPECT_EQ(event_named(name_of(e)), e) << name_of(e);
    EXPECT_TRUE(seen.insert(name_of(e)).second) << name_of(e);
  }
  EXPECT_EQ(seen.size(), event_count);
}

TEST(event, is_called_as_the_protocol_says) {
  EXPECT_EQ(name_of(event::identify), "identify");
  EXPECT_EQ(name_of(event::prepare_backup), "prepare_backup");
  EXPECT_EQ(name_of(event::prepare_snapshot), "prepare_snapshot");
  EXPECT_EQ(name_of(event::freeze), "freeze");
  EXPECT_EQ(name_of(event::thaw), "thaw");
  EXPECT_EQ(name_of(event::post_snapshot), "post_snapshot");
  EXPECT_EQ(name_of(event::backup_complete), "backup_complete");
  EXPECT_EQ(name_of(event::backup_shutdown), "backup_shutdown");
  EXPECT_EQ(name_of(event::abort), "abort");
  EXPECT_EQ(name_of(event::pre_restore), "pre_restore");
  EXPECT_EQ(name_of(event::post_restore), "post_restore");
}

TEST(event, other_names_and_numbers_are_none) {
  for (const std::string_view name : {"", "Freeze", "freeze ", "unknown", "freezer", "on_freeze"})
    EXPECT_FALSE(event_named(name)) << name;
  EXPECT_FALSE(event_named(std::string_view("freeze\0", 7)));
  EXPECT_EQ(name_of(static_cast<event>(event_count)), "unknown");
  EXPECT_EQ(name_of(static_cast<event>(255)), "unknown");
}

}  // namespace
}  // namespace umbra::shadow
