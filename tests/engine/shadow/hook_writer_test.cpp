// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/hook_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/shell_writer.h"
#include "tests/support/temp_dir.h"

namespace umbra::shadow {
namespace {

using ::testing::HasSubstr;

class hook_writer : public ::testing::Test {
 protected:
  // A hook that notes its arguments, and does more at freeze and at thaw.
  std::shared_ptr<writer> hook(const std::string& at_freeze = {}, const std::string& at_thaw = {}) {
    const auto path = test::write_program(dir / "hook", "#!/bin/sh\necho \"$1\" >>" + dir.at("calls") + "\ncase $1 in freeze) " +
                                                            at_freeze + "\n;; thaw) " + at_thaw + "\n;; esac\n");
    auto made = make_hook_writer({path, "freeze hook x", {}}, guid{{std::byte{5}}}, limits);
    EXPECT_TRUE(made.has_value()) << made.assume_error().message();
    return made.has_value() ? std::move(made).assume_value() : nullptr;
  }

  result<void> tell(writer& to, event what) { return to.handle({what, session, components}); }
  std::string calls() const { return test::text_of(dir / "calls"); }

  test::temp_dir dir;
  process_writer_limits limits = hook_limits();
  writer_session session;
  writer_components components;
};

TEST_F(hook_writer, runs_the_hook_at_freeze_and_thaw_only) {
  const auto w = hook();
  EXPECT_TRUE(w->identify(session).has_value());
  for (const auto what : {event::prepare_backup, event::prepare_snapshot}) EXPECT_TRUE(tell(*w, what).has_value());
  EXPECT_EQ(calls(), "");
  EXPECT_TRUE(tell(*w, event::freeze).has_value());
  EXPECT_EQ(calls(), "freeze\n");
  EXPECT_TRUE(tell(*w, event::thaw).has_value());
  for (const auto what : {event::post_snapshot, event::backup_complete, event::backup_shutdown})
    EXPECT_TRUE(tell(*w, what).has_value());
  EXPECT_EQ(calls(), "freeze\nthaw\n");
}

TEST_F(hook_writer, thaws_even_when_freeze_failed) {
  const auto w = hook("echo 'cannot lock' >&2; exit 4", "");
  const auto outcome = tell(*w, event::freeze);
  ASSERT_TRUE(outcome.has_error());
  EXPECT_THAT(outcome.assume_error().text(), HasSubstr("exit code 4; it said: cannot lock"));
  EXPECT_TRUE(tell(*w, event::abort).has_value());
  EXPECT_TRUE(tell(*w, event::abort).has_value());
  EXPECT_EQ(calls(), "freeze\nthaw\n");
}

TEST_F(hook_writer, tells_when_thaw_failed) {
  const auto w = hook("", "exit 9");
  ASSERT_TRUE(tell(*w, event::freeze).has_value());
  const auto outcome = tell(*w, event::thaw);
  ASSERT_TRUE(outcome.has_error());
  EXPECT_THAT(outcome.assume_error().text(), HasSubstr("exit code 9"));
}

TEST_F(hook_writer, may_print_what_it_likes) {
  const auto w = hook("echo '{\"event\":\"freeze\",\"ok\":false}'; exit 0");
  EXPECT_TRUE(tell(*w, event::freeze).has_value());
}

TEST_F(hook_writer, thaws_when_the_session_goes_away) {
  auto w = hook();
  ASSERT_TRUE(tell(*w, event::freeze).has_value());
  w.reset();
  EXPECT_EQ(calls(), "freeze\nthaw\n");
}

TEST_F(hook_writer, thaws_when_its_freeze_hangs) {
  const auto w = hook("sleep 1000");
  std::thread canceller([this, &w] {
    while (calls().empty()) std::this_thread::yield();
    w->cancel();
  });
  EXPECT_TRUE(tell(*w, event::freeze).has_error());
  canceller.join();
  EXPECT_EQ(calls(), "freeze\nthaw\n");
  EXPECT_TRUE(tell(*w, event::abort).has_value());
  EXPECT_EQ(calls(), "freeze\nthaw\n");
}

TEST_F(hook_writer, thaws_when_its_freeze_can_only_be_killed) {
  limits.after_term = std::chrono::milliseconds(50);
  const auto w = hook("trap '' TERM; while :; do sleep 1000; done");
  std::thread canceller([this, &w] {
    while (calls().empty()) std::this_thread::yield();
    w->cancel();
  });
  EXPECT_TRUE(tell(*w, event::freeze).has_error());
  canceller.join();
  EXPECT_EQ(calls(), "freeze\nthaw\n");
}

TEST_F(hook_writer, is_of_the_same_class_every_time) {
  const auto first = hook();
  const auto second = hook();
  EXPECT_EQ(first->identity().class_id, second->identity().class_id);
  EXPECT_FALSE(first->identity().class_id.is_none());
  EXPECT_EQ(first->identity().name, "freeze hook x");
  EXPECT_EQ(first->identity().instance_id, guid{{std::byte{5}}});
}

}  // namespace
}  // namespace umbra::shadow
