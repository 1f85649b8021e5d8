// SPDX-License-Identifier: GPL-3.0-or-later
// Requesters and providers that come to grief, on real file systems: at any point nothing stays frozen, held, locked or attached,
// no copy is left that nobody asked for, and the image is absent or whole.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "engine/io/unique_fd.h"
#include "tests/contract/provider_contract.h"
#include "tests/support/shadow_requester.h"

namespace umbra::test {
namespace {

using namespace std::chrono_literals;
using shadow::result_code;
using shadow::snapshot_context;
using ::testing::HasSubstr;

const std::vector<std::string>& provider_calls() {
  static const std::vector<std::string> all{"begin_prepare_snapshot",     "end_prepare_snapshots", "pre_commit_snapshots",
                                            "commit_snapshots",           "post_commit_snapshots", "pre_final_commit_snapshots",
                                            "post_final_commit_snapshots"};
  return all;
}

// Where a requester can be killed. A persistent copy is there from the last step of its provider on.
std::vector<std::string> points_before_the_copy() {
  std::vector<std::string> all{
      "initialize_for_backup", "gather_writer_metadata",  "start_snapshot_set", "add_to_snapshot_set", "writer prepare_backup",
      "prepare_for_backup",    "writer prepare_snapshot", "writer freeze",      "writer thaw",         "writer post_snapshot",
      "writer abort"};
  for (const auto& call : provider_calls()) {
    all.push_back("before " + call);
    if (call != "post_final_commit_snapshots") all.push_back("after " + call);
  }
  return all;
}
const std::vector<std::string> points_after_the_copy{"after post_final_commit_snapshots",
                                                     "do_snapshot_set",
                                                     "read",
                                                     "before_commit",
                                                     "writer backup_complete",
                                                     "backup_complete",
                                                     "writer backup_shutdown"};

bool is_frozen(const std::string& mount_point) {
  const unique_fd root(::open(mount_point.c_str(), O_RDONLY | O_CLOEXEC));
  return ::ioctl(root.get(), FIFREEZE, 0) != 0 && errno == EBUSY;
}

struct requester_matrix_root : ::testing::Test {
  void SetUp() override {
    if (const auto why = loop_kit_unavailable({"mkfs.xfs", "mkfs.btrfs", "mkfs.ext4"}); !why.empty()) GTEST_SKIP() << why;
    // Guardians and writers of a requester that was killed become children of this process.
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    machine.emplace(kind());
  }
  virtual std::string kind() const { return "xfs"; }

  // Until no process of a dead requester is left.
  static void await_orphans() {
    EXPECT_TRUE(settles([] {
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD;
    }));
  }

  // A requester in a process of its own, which is killed when it comes to `point`.
  void kill_requester_at(const std::string& point, snapshot_context context) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      std::atomic<int> reads = 0;
      machine->at = [&](const std::string& where) -> result<void> {
        // The third is one of the image's.
        if (where == "read" && ++reads < 3) return success();
        // What this is all about is so at the instant.
        if (where == "before commit_snapshots" && !(machine->is_held() && is_frozen(machine->volume.point()))) ::_exit(2);
        if (where == point) ::kill(::getpid(), SIGKILL);
        // Only a session that fails comes there.
        if (point == "writer abort" && where == "before post_commit_snapshots") return error(errc::internal, "told to fail");
        return success();
      };
      {
        const auto s = machine->session();
        const auto done = machine->back_up(*s, context);
        if (done.has_error()) std::fprintf(stderr, "%s\n", done.assume_error().message().c_str());
      }
      ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    await_orphans();
  }

  // One requester is refused while another one makes its set, and makes its own while that one reads.
  void make_two_sets(snapshot_context context);

  std::optional<shadow_machine> machine;
};

TEST_F(requester_matrix_root, a_requester_that_is_killed_anywhere_leaves_nothing) {
  for (const auto& points : {points_before_the_copy(), points_after_the_copy}) {
    for (const auto& point : points) {
      SCOPED_TRACE(point);
      kill_requester_at(point, snapshot_context::backup);
      if (HasFatalFailure()) return;
      machine->expect_all_go_on();
      EXPECT_EQ(machine->has_image(), point.find("backup_complete") != std::string::npos || point == "writer backup_shutdown");
      EXPECT_EQ(machine->left_behind(), "") << "such a copy goes with its process";
      std::filesystem::remove(machine->image_path());
    }
  }
  machine->expect_next_requester_succeeds();
}

struct requester_matrix_kept_root : requester_matrix_root, ::testing::WithParamInterface<const char*> {
  std::string kind() const override { return GetParam(); }
};

TEST_P(requester_matrix_kept_root, what_a_killed_requester_leaves_of_a_persistent_copy_goes_with_the_next_session) {
  for (const auto& point : points_before_the_copy()) {
    SCOPED_TRACE(point);
    kill_requester_at(point, snapshot_context::app_rollback);
    if (HasFatalFailure()) return;
    machine->expect_all_go_on();
    EXPECT_FALSE(machine->has_image());
    const auto next = machine->session();
    ASSERT_TRUE(done(next->initialize_for_backup()));
    const auto copies = next->query();
    ASSERT_TRUE(done(copies));
    EXPECT_TRUE(copies.value().empty());
    EXPECT_EQ(machine->left_behind(), "");
  }
  machine->expect_next_requester_succeeds();
}

TEST_P(requester_matrix_kept_root, a_persistent_copy_outlives_a_requester_that_is_killed_after_it_was_made) {
  for (const auto& point : points_after_the_copy) {
    SCOPED_TRACE(point);
    kill_requester_at(point, snapshot_context::app_rollback);
    if (HasFatalFailure()) return;
    machine->expect_all_go_on();
    const auto next = machine->session();
    ASSERT_TRUE(done(next->initialize_for_backup()));
    const auto copies = next->query();
    ASSERT_TRUE(done(copies));
    ASSERT_EQ(copies.value().size(), 1U);
    EXPECT_EQ(copies.value()[0].status, shadow::snapshot_state::created);
    EXPECT_TRUE(done(next->check_snapshot(copies.value()[0].snapshot_id)));
    EXPECT_TRUE(done(next->delete_snapshots(copies.value()[0].snapshot_id, shadow::object_type::snapshot, false)));
    EXPECT_EQ(machine->left_behind(), "");
    std::filesystem::remove(machine->image_path());
  }
  machine->expect_next_requester_succeeds();
}

INSTANTIATE_TEST_SUITE_P(on, requester_matrix_kept_root, ::testing::Values("xfs", "btrfs"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_F(requester_matrix_root, a_provider_that_fails_anywhere_is_named_and_nothing_is_left) {
  for (const auto context : {snapshot_context::backup, snapshot_context::app_rollback}) {
    for (const auto& call : provider_calls()) {
      for (const auto& point : {"before " + call, "after " + call}) {
        SCOPED_TRACE(point);
        machine->at = [&](const std::string& where) -> result<void> {
          if (where != point) return success();
          return shadow::failure(result_code::e_unexpected_provider_error, "told to fail");
        };
        const auto s = machine->session();
        const auto made = machine->make_copy(*s, context);
        ASSERT_TRUE(made.has_error());
        EXPECT_EQ(shadow::code_of(made.error()), result_code::e_unexpected_provider_error);
        EXPECT_EQ(made.error().text(), "reflink: told to fail");
        if (call == "begin_prepare_snapshot") {
          ASSERT_TRUE(done(s->abort_backup())) << "the requester could have added other volumes";
        }
        machine->expect_all_go_on();
        // A provider that says that it did not begin has begun nothing: who lies is undone with the session.
        if (point != "after begin_prepare_snapshot") {
          EXPECT_EQ(machine->left_behind(), "") << "while the session lives";
        }
      }
    }
    EXPECT_EQ(machine->left_behind(), "");
  }
  machine->expect_next_requester_succeeds();
}

TEST_F(requester_matrix_root, a_set_that_is_held_for_too_long_is_let_go_and_not_made) {
  machine->hold_limit = 3s;  // enough for a freeze
  machine->at = [&](const std::string& where) -> result<void> {
    // Goes on when the file system does.
    if (where == "before commit_snapshots") write_file(machine->volume.at("waits"), "for the guardian");
    return success();
  };
  {
    const auto s = machine->session();
    const auto why = machine->refusal(*s);
    EXPECT_EQ(shadow::code_of(why), result_code::e_hold_writes_timeout);
    EXPECT_THAT(why.text(), HasSubstr("held for more than 3000 ms"));
    machine->expect_all_go_on();
    EXPECT_EQ(machine->left_behind(), "");
  }
  EXPECT_EQ(read_file(machine->volume.at("waits")), "for the guardian");
  machine->hold_limit = 60s;
  machine->expect_next_requester_succeeds();
}

TEST_F(requester_matrix_root, writers_that_are_held_for_too_long_are_let_go_by_the_guardian) {
  machine->writer_limit = 1s;
  machine->at = [&](const std::string& where) -> result<void> {
    if (where != "before pre_commit_snapshots") return success();
    EXPECT_TRUE(settles([&] { return !machine->is_held(); }));
    return success();
  };
  {
    const auto s = machine->session();
    const auto made = machine->make_copy(*s);
    if (made.has_error()) {
      EXPECT_EQ(shadow::code_of(made.error()), result_code::e_writererror_timeout);
    } else {
      EXPECT_TRUE(done(s->gather_writer_status()));
      const auto all = s->get_writer_status();
      for (const auto& status : all.value()) {
        EXPECT_EQ(status.failure == result_code::e_writererror_timeout, status.name == "Notes Writer") << status.text;
      }
    }
    machine->expect_all_go_on();
  }
  EXPECT_EQ(machine->left_behind(), "");
}

TEST_F(requester_matrix_root, two_requesters_make_their_sets_one_after_the_other) {
  for (const auto context : {snapshot_context::backup, snapshot_context::app_rollback}) make_two_sets(context);
}

void requester_matrix_root::make_two_sets(snapshot_context context) {
  const auto first = machine->session();
  int refused_ones = 0;
  machine->at = [&](const std::string& where) -> result<void> {
    if (where != "prepare_for_backup" || refused_ones > 0) return success();
    ++refused_ones;
    const auto second = machine->session();
    const auto why = machine->refusal(*second);
    const auto copies = second->query();
    EXPECT_TRUE(copies.has_value() && copies.value().empty()) << "what the first one makes is neither seen nor tidied away";
    EXPECT_EQ(shadow::code_of(why), result_code::e_snapshot_set_in_progress);
    EXPECT_THAT(why.text(), HasSubstr("process " + std::to_string(::getpid())));
    EXPECT_THAT(why.text(), HasSubstr("wait until it is done, and try again"));
    return success();
  };
  const auto copy = machine->make_copy(*first, context);
  ASSERT_TRUE(done(copy));
  EXPECT_EQ(refused_ones, 1);
  {
    // The first one reads: sets need not wait for that.
    const auto second = machine->session();
    EXPECT_TRUE(done(machine->back_up(*second)));
    machine->expect_image_whole();
    std::filesystem::remove(machine->image_path());
  }
  EXPECT_TRUE(done(machine->take_image(*first, copy.value())));
  machine->expect_image_whole();
  std::filesystem::remove(machine->image_path());
  EXPECT_TRUE(done(first->delete_snapshots(copy.value(), shadow::object_type::snapshot, false)));
  EXPECT_EQ(machine->left_behind(), "");
}

}  // namespace
}  // namespace umbra::test
