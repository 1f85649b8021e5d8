// SPDX-License-Identifier: GPL-3.0-or-later
// What writers get of the copies, and when.
#include "tests/support/shadow_kit.h"

namespace umbra::test {
namespace {

using sh::event;
using sh::result_code;
using attributes = sh::volume_snapshot_attributes;
using strings = std::vector<std::string>;

struct session_mending : ::testing::Test {
  struct shown {
    strings devices;
    strings paths;
    bool operator==(const shown&) const = default;
  };

  // A backup of /a and /b, /b being mounted read-only.
  result<void> run(attributes more = attributes::none) {
    const auto s = world.session();
    CHECK(s->initialize_for_backup());
    CHECK(s->set_context(sh::snapshot_context::backup, more));
    CHECK(s->set_backup_state(false, false, sh::backup_type::copy, false));
    CHECK(s->gather_writer_metadata().assume_value()->finish());
    CHECK(s->start_snapshot_set());
    for (const char* v : {"/a", "/b"}) CHECK(s->add_to_snapshot_set(v));
    CHECK(s->prepare_for_backup().assume_value()->finish());
    CHECK(s->do_snapshot_set().assume_value()->finish());
    return s->backup_complete().assume_value()->finish();
  }
  void SetUp() override {
    world.add_provider("p");
    world.read_only = {"/b"};
    auto& w = world.add_writer("w");
    for (const auto what : {event::thaw, event::post_snapshot, event::backup_complete}) {
      w.at[what].acts = [this, what](const sh::writer_call& call) {
        seen[what] = {call.session.snapshot_devices, call.session.snapshot_paths};
      };
    }
  }

  shadow_world world;
  std::map<event, shown> seen;
};

TEST_F(session_mending, writers_have_the_copies_of_what_is_written_to_while_these_can_be_changed) {
  ASSERT_TRUE(run().has_value());
  EXPECT_EQ(seen[event::thaw], shown());
  EXPECT_EQ(seen[event::post_snapshot], (shown{{"/dev/copy/a", ""}, {"/copies/0", ""}}));
  EXPECT_EQ(seen[event::backup_complete], (shown{{"", ""}, {"", ""}}));
  const auto& r = world.record;
  EXPECT_LT(r.place("provider p: pre_final_commit_snapshots"), r.place("mount /dev/copy/a ext4 for writers"));
  EXPECT_LT(r.place("unmount /copies/0"), r.place("provider p: post_final_commit_snapshots"));
}

TEST_F(session_mending, without_auto_recovery_there_is_nothing_to_change) {
  ASSERT_TRUE(run(attributes::no_autorecovery).has_value());
  EXPECT_EQ(seen[event::post_snapshot], (shown{{"", ""}, {"", ""}}));
  EXPECT_FALSE(world.record.holds("mount /dev/copy/a ext4 for writers"));
}

TEST_F(session_mending, copies_that_cannot_be_shown_are_made_all_the_same) {
  world.mount_for_writers_fails = error(errc::unsupported, "no such file system");
  ASSERT_TRUE(run().has_value());
  EXPECT_EQ(seen[event::post_snapshot], (shown{{"", ""}, {"", ""}}));
  world.providers[0]->has_nodes = false;
  EXPECT_TRUE(run().has_value());
}

TEST_F(session_mending, nothing_is_mounted_for_nobody) {
  world.writers.clear();
  ASSERT_TRUE(run().has_value());
  EXPECT_FALSE(world.record.holds("mount /dev/copy/a ext4 for writers"));
}

TEST_F(session_mending, a_copy_that_a_writer_keeps_is_no_copy) {
  world.unmount_from_writers_fails = sh::failure(result_code::e_volume_in_use, "a writer goes on using it");
  EXPECT_EQ(code_of_call(run()), result_code::e_volume_in_use);
  EXPECT_EQ(world.providers[0]->copies(), 0U);
  world.expect_all_go_on();
}

}  // namespace
}  // namespace umbra::test
