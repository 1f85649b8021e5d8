// SPDX-License-Identifier: GPL-3.0-or-later
// Whatever fails, wherever: everybody goes on, nothing is left in the making, and the failure is told where it belongs.
#include "tests/support/shadow_kit.h"

namespace umbra::test {
namespace {

using sh::event;
using sh::result_code;
using namespace std::chrono_literals;

// Runs a whole backup of /a and /b; the first error, or none. The session is over when it returns.
result<void> run(shadow_world& world, std::vector<sh::writer_status>* status = nullptr) {
  const auto s = world.session();
  const auto finish = [](result<sh::async_ptr> call) -> result<void> {
    CHECK(call);
    return call.assume_value()->finish();
  };
  CHECK(s->initialize_for_backup());
  CHECK(s->set_backup_state(false, false, sh::backup_type::copy, false));
  CHECK(finish(s->gather_writer_metadata()));
  CHECK(s->start_snapshot_set());
  CHECK(s->add_to_snapshot_set("/a"));
  CHECK(s->add_to_snapshot_set("/b"));
  CHECK(finish(s->prepare_for_backup()));
  CHECK(finish(s->do_snapshot_set()));
  CHECK(finish(s->backup_complete()));
  CHECK(finish(s->gather_writer_status()));
  if (status != nullptr) *status = s->get_writer_status().assume_value();
  return success();
}

struct failing_event {
  event what;
  sh::writer_state state;
};
constexpr failing_event failing_events[] = {
    {event::prepare_backup, sh::writer_state::failed_at_prepare_backup},
    {event::prepare_snapshot, sh::writer_state::failed_at_prepare_snapshot},
    {event::freeze, sh::writer_state::failed_at_freeze},
    {event::thaw, sh::writer_state::failed_at_thaw},
    {event::post_snapshot, sh::writer_state::failed_at_post_snapshot},
    {event::backup_complete, sh::writer_state::failed_at_backup_complete},
};

TEST(shadow_failures, a_writer_that_fails_at_any_event_is_told_to_go_on_and_the_others_are_not_disturbed) {
  for (const auto& f : failing_events) {
    SCOPED_TRACE(std::string(sh::name_of(f.what)));
    shadow_world world;
    world.add_provider("p");
    world.add_writer("bad").at[f.what].fails = sh::failure(result_code::e_writererror_retryable, "not now");
    world.add_writer("good");
    std::vector<sh::writer_status> status;
    const auto done = run(world, &status);
    ASSERT_TRUE(done.has_value()) << done.assume_error().message();
    ASSERT_EQ(status.size(), 2U);
    EXPECT_EQ(status[0].state, f.state);
    EXPECT_EQ(status[0].failure, result_code::e_writererror_retryable);
    EXPECT_EQ(status[0].text, "not now");
    EXPECT_EQ(status[1].state, sh::writer_state::stable);
    EXPECT_EQ(world.record.count("writer good: abort"), 0U);
    if (f.what != event::backup_complete) {
      EXPECT_EQ(world.record.count("writer bad: abort"), 1U);
    }
    EXPECT_TRUE(world.record.holds("writer bad: backup_shutdown"));
    world.expect_all_go_on();
  }
}

TEST(shadow_failures, a_writer_that_fails_at_identify_is_not_there) {
  shadow_world world;
  world.add_provider("p");
  world.add_writer("bad").at[event::identify].fails = sh::failure(result_code::e_writererror_nonretryable, "no database");
  world.add_writer("good");
  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_backup().has_value());
  ASSERT_TRUE(s->set_backup_state(false, false, sh::backup_type::copy, false).has_value());
  must_finish(s->gather_writer_metadata());
  EXPECT_EQ(s->get_writer_metadata().assume_value().size(), 1U);
  ASSERT_EQ(s->writer_problems().size(), 1U);
  EXPECT_NE(s->writer_problems()[0].find("bad: no database"), std::string::npos) << s->writer_problems()[0];
}

TEST(shadow_failures, a_writer_that_hangs_is_given_up_after_its_time) {
  for (const auto what : {event::prepare_snapshot, event::freeze, event::thaw, event::post_snapshot}) {
    SCOPED_TRACE(std::string(sh::name_of(what)));
    shadow_world world;
    world.add_provider("p");
    auto& bad = world.add_writer("bad");
    bad.at[what].hangs = true;
    bad.freeze_limit = bad.event_limit = 100ms;
    std::vector<sh::writer_status> status;
    ASSERT_TRUE(run(world, &status).has_value());
    EXPECT_EQ(status[0].failure, result_code::e_writererror_timeout);
    world.expect_all_go_on();
  }
}

// The others are held still meanwhile, each within its own limit.
TEST(shadow_failures, the_times_of_writers_that_hang_pass_together) {
  shadow_world world;
  world.add_provider("p");
  constexpr int many = 60;
  for (int i = 0; i < many; ++i) {
    auto& bad = world.add_writer("bad " + std::to_string(i));
    bad.at[event::freeze].hangs = true;
    bad.freeze_limit = 1s;
  }
  const auto began = std::chrono::steady_clock::now();
  std::vector<sh::writer_status> status;
  ASSERT_TRUE(run(world, &status).has_value());
  EXPECT_LT(std::chrono::steady_clock::now() - began, many * 1s / 2);
  for (const auto& s : status) EXPECT_EQ(s.failure, result_code::e_writererror_timeout) << s.name;
}

TEST(shadow_failures, a_writer_held_still_beyond_its_own_limit_is_sent_on_though_nobody_asks) {
  shadow_world world;
  auto& p = world.add_provider("p");
  auto& w = world.add_writer("w");
  w.freeze_limit = 50ms;
  // The provider waits until the writer's own limit has passed.
  p.acts["commit_snapshots"] = [&] {
    while (!world.record.holds("writer w: abort")) std::this_thread::sleep_for(1ms);
  };
  std::vector<sh::writer_status> status;
  ASSERT_TRUE(run(world, &status).has_value());
  EXPECT_EQ(status[0].state, sh::writer_state::failed_at_freeze);
  EXPECT_EQ(status[0].failure, result_code::e_writererror_timeout);
  EXPECT_FALSE(world.record.holds("writer w: thaw"));
  EXPECT_EQ(world.record.count("writer w: abort"), 1U);
}

constexpr const char* provider_calls[] = {"begin_prepare_snapshot",     "end_prepare_snapshots", "pre_commit_snapshots",
                                          "commit_snapshots",           "post_commit_snapshots", "pre_final_commit_snapshots",
                                          "post_final_commit_snapshots"};

TEST(shadow_failures, a_provider_that_fails_at_any_phase_fails_the_set_and_nothing_is_left) {
  for (const char* call : provider_calls) {
    SCOPED_TRACE(call);
    shadow_world world;
    auto& good = world.add_provider("good");
    good.supports = {"/a"};
    auto& bad = world.add_provider("bad");
    bad.supports = {"/b"};
    bad.fails.emplace(call, sh::failure(result_code::e_provider_veto, "not today"));
    world.add_writer("w");
    const auto done = run(world);
    ASSERT_TRUE(done.has_error());
    EXPECT_EQ(code_of_call(done), result_code::e_provider_veto);
    EXPECT_NE(done.assume_error().message().find("not today"), std::string::npos);
    EXPECT_EQ(good.copies(), 0U);
    if (std::string(call) != "begin_prepare_snapshot") {
      EXPECT_EQ(bad.copies(), 0U);
    }
    world.expect_all_go_on();
    if (world.record.holds("writer w: prepare_backup")) {
      EXPECT_TRUE(world.record.holds("writer w: abort"));
    }
    EXPECT_TRUE(world.record.holds("writer w: backup_shutdown"));
  }
}

TEST(shadow_failures, file_systems_that_cannot_be_frozen_fail_the_set) {
  shadow_world world;
  auto& p = world.add_provider("p");
  world.add_writer("w");
  world.freeze_fails = sh::failure(result_code::e_flush_writes_timeout, "/b");
  EXPECT_EQ(code_of_call(run(world)), result_code::e_flush_writes_timeout);
  EXPECT_EQ(p.copies(), 0U);
  EXPECT_FALSE(world.record.holds("provider p: commit_snapshots"));
  EXPECT_TRUE(world.record.holds("writer w: abort"));
}

TEST(shadow_failures, a_set_whose_file_systems_went_on_too_early_is_no_set) {
  shadow_world world;
  auto& p = world.add_provider("p");
  world.thaw_fails = sh::failure(result_code::e_hold_writes_timeout, "held for more than 10 s");
  EXPECT_EQ(code_of_call(run(world)), result_code::e_hold_writes_timeout);
  EXPECT_EQ(p.copies(), 0U);
}

TEST(shadow_failures, a_set_whose_writers_were_sent_on_by_the_guardian_stands_and_they_have_failed) {
  shadow_world world;
  auto& p = world.add_provider("p");
  world.add_writer("sent on").descriptor = 1000;
  world.add_writer("in process");  // the guardian cannot reach it
  world.guardian_sends_writers_on = true;
  p.acts["post_final_commit_snapshots"] = [&] { EXPECT_EQ(p.copies(), 2U); };
  std::vector<sh::writer_status> status;
  const auto done = run(world, &status);
  ASSERT_TRUE(done.has_value()) << done.assume_error().message();
  EXPECT_TRUE(world.record.holds("provider p: post_final_commit_snapshots"));
  ASSERT_EQ(status.size(), 2U);
  EXPECT_EQ(status[0].state, sh::writer_state::failed_at_thaw);
  EXPECT_EQ(status[0].failure, result_code::e_writererror_timeout);
  EXPECT_EQ(world.record.count("writer sent on: abort"), 1U);
  EXPECT_FALSE(world.record.holds("writer sent on: post_snapshot"));
  EXPECT_EQ(status[1].state, sh::writer_state::stable);
  EXPECT_TRUE(world.record.holds("writer in process: backup_complete"));
  world.expect_all_go_on();
}

TEST(shadow_failures, a_writers_own_code_is_in_its_status) {
  shadow_world world;
  world.add_provider("p");
  auto& w = world.add_writer("w");
  w.at[event::freeze].fails = sh::failure(result_code::e_writererror_retryable, "busy");
  w.application = static_cast<result_code>(1205);
  std::vector<sh::writer_status> status;
  ASSERT_TRUE(run(world, &status).has_value());
  EXPECT_EQ(status[0].application, static_cast<result_code>(1205));
}

TEST(shadow_failures, cancelling_before_the_instant_undoes_everything) {
  shadow_world world;
  auto& p = world.add_provider("p");
  auto& w = world.add_writer("w");
  w.at[event::prepare_snapshot].hangs = true;
  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_backup().has_value());
  ASSERT_TRUE(s->set_backup_state(false, false, sh::backup_type::copy, false).has_value());
  must_finish(s->gather_writer_metadata());
  ASSERT_TRUE(s->start_snapshot_set().has_value());
  ASSERT_TRUE(s->add_to_snapshot_set("/a").has_value());
  must_finish(s->prepare_for_backup());
  auto call = s->do_snapshot_set();
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call.assume_value()->query_status(), result_code::s_async_pending);
  EXPECT_EQ(code_of_call(s->query()), result_code::e_bad_state) << "one call at a time";
  while (!world.record.holds("writer w: prepare_snapshot")) std::this_thread::sleep_for(1ms);
  call.assume_value()->cancel();
  EXPECT_EQ(call.assume_value()->finish().assume_error().code(), errc::cancelled);
  EXPECT_EQ(call.assume_value()->query_status(), result_code::s_async_cancelled);
  EXPECT_EQ(p.copies(), 0U);
  EXPECT_FALSE(world.record.holds("writer w: freeze"));
  world.expect_all_go_on();
}

TEST(shadow_failures, a_session_that_is_dropped_at_any_stage_takes_everything_back) {
  for (int stages = 0; stages <= 6; ++stages) {
    SCOPED_TRACE(stages);
    shadow_world world;
    auto& p = world.add_provider("p");
    world.add_writer("w");
    {
      const auto s = world.session();
      if (stages > 0) {
        ASSERT_TRUE(s->initialize_for_backup().has_value());
      }
      if (stages > 1) {
        ASSERT_TRUE(s->set_backup_state(false, false, sh::backup_type::copy, false).has_value());
      }
      if (stages > 1) must_finish(s->gather_writer_metadata());
      if (stages > 2) {
        ASSERT_TRUE(s->start_snapshot_set().has_value());
      }
      if (stages > 3) {
        ASSERT_TRUE(s->add_to_snapshot_set("/a").has_value());
      }
      if (stages > 4) must_finish(s->prepare_for_backup());
      if (stages > 5) must_finish(s->do_snapshot_set());
    }
    EXPECT_EQ(p.copies(), 0U);
    world.expect_all_go_on();
    if (stages > 4) {
      EXPECT_EQ(world.record.count("writer w: abort"), 1U);
    }
    if (stages > 1) {
      EXPECT_EQ(world.record.count("writer w: backup_shutdown"), 1U);
    }
  }
}

}  // namespace
}  // namespace umbra::test
