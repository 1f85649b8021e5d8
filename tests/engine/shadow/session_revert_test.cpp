// SPDX-License-Identifier: GPL-3.0-or-later
// Volumes brought back to persistent copies, as a later session does it.
#include "tests/support/shadow_kit.h"

namespace umbra::test {
namespace {

using sh::result_code;

struct session_revert : ::testing::Test {
  void SetUp() override {
    world.add_provider("p");
    const auto s = begin(sh::snapshot_context::nas_rollback);
    ASSERT_TRUE(s->start_snapshot_set().has_value());
    copy = s->add_to_snapshot_set("/a").assume_value();
    must_finish(s->do_snapshot_set());
  }
  std::unique_ptr<sh::backup_components> begin(sh::snapshot_context context) {
    auto s = world.session();
    EXPECT_TRUE(s->initialize_for_backup().has_value());
    EXPECT_TRUE(s->set_context(context).has_value());
    return s;
  }
  bool has_reverted() const { return world.record.holds("provider p: revert_to_snapshot"); }

  shadow_world world;
  sh::guid copy;
};

TEST_F(session_revert, of_a_volume_that_is_unmounted_finds_it_though_its_name_is_a_folder_now) {
  world.unmounted = {"/a"};
  const auto s = begin(sh::snapshot_context::all);
  const auto reverted = s->revert_to_snapshot(copy, false);
  EXPECT_TRUE(reverted.has_value()) << reverted.assume_error().message();
  EXPECT_TRUE(has_reverted());
}

TEST_F(session_revert, of_a_volume_that_is_mounted_is_refused) {
  const auto refused = begin(sh::snapshot_context::all)->revert_to_snapshot(copy, false);
  ASSERT_EQ(code_of_call(refused), result_code::e_volume_in_use);
  EXPECT_NE(refused.assume_error().message().find("mounted at /a"), std::string::npos) << refused.assume_error().message();
  EXPECT_FALSE(has_reverted());
}

}  // namespace
}  // namespace umbra::test
