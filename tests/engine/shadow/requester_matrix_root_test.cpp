// SPDX-License-Identifier: GPL-3.0-or-later
// Requesters and providers that come to grief, and volumes that go away, on real file systems: at any point nothing stays frozen,
// held, locked or attached, no copy is left that nobody asked for, and the image is absent or whole.
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

#include "engine/base/units.h"
#include "engine/io/unique_fd.h"
#include "tests/contract/provider_contract.h"
#include "tests/support/shadow_requester.h"
#include "tests/support/shell.h"

namespace umbra::test {
namespace {

using namespace std::chrono_literals;
using namespace umbra::literals;
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
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    await_orphans();
  }

  // The code and the words of a set that must not be made.
  error refusal(shadow::backup_components& s) {
    const auto made = machine->make_copy(s);
    EXPECT_TRUE(made.has_error());
    return made.has_error() ? made.assume_error() : error();
  }

  // One requester is refused while another one makes its set, and makes its own while that one reads.
  void make_two_sets(snapshot_context context);

  // A whole backup by a requester that nothing happens to.
  void expect_next_requester_succeeds() {
    machine->at = [](const std::string&) { return success(); };
    {
      const auto s = machine->session();
      EXPECT_TRUE(done(machine->back_up(*s)));
      machine->expect_image_whole();
    }
    machine->expect_all_go_on();
    EXPECT_EQ(machine->left_behind(), "");
    std::filesystem::remove(machine->image_path());
  }

  std::optional<shadow_machine> machine;
};

TEST_F(requester_matrix_root, a_requester_that_is_killed_anywhere_leaves_nothing) {
  for (const auto& points : {points_before_the_copy(), points_after_the_copy}) {
    for (const auto& point : points) {
      SCOPED_TRACE(point);
      kill_requester_at(point, snapshot_context::backup);
      machine->expect_all_go_on();
      EXPECT_EQ(machine->has_image(), point.find("backup_complete") != std::string::npos || point == "writer backup_shutdown");
      EXPECT_EQ(machine->left_behind(), "") << "such a copy goes with its process";
      std::filesystem::remove(machine->image_path());
      if (HasFatalFailure()) return;
    }
  }
  expect_next_requester_succeeds();
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
  expect_next_requester_succeeds();
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
  expect_next_requester_succeeds();
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
  expect_next_requester_succeeds();
}

TEST_F(requester_matrix_root, a_set_that_is_held_for_too_long_is_let_go_and_not_made) {
  machine->hold_limit = 1s;
  machine->at = [&](const std::string& where) -> result<void> {
    // Goes on when the file system does.
    if (where == "before commit_snapshots") write_file(machine->volume.at("waits"), "for the guardian");
    return success();
  };
  {
    const auto s = machine->session();
    const auto why = refusal(*s);
    EXPECT_EQ(shadow::code_of(why), result_code::e_hold_writes_timeout);
    EXPECT_THAT(why.text(), HasSubstr("held for more than 1000 ms"));
    machine->expect_all_go_on();
    EXPECT_EQ(machine->left_behind(), "");
  }
  EXPECT_EQ(read_file(machine->volume.at("waits")), "for the guardian");
  machine->hold_limit = 60s;
  expect_next_requester_succeeds();
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
    const auto why = refusal(*second);
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

// --- Volumes that go away.

TEST_F(requester_matrix_root, a_volume_that_was_unmounted_before_the_instant_is_told) {
  for (const bool another_comes : {false, true}) {
    SCOPED_TRACE(another_comes);
    loop_volume other(machine->dir.string(), "other", "ext4", 16_MiB);
    std::optional<mounted> in_its_place;
    machine->at = [&](const std::string& where) -> result<void> {
      if (where != "prepare_for_backup") return success();
      machine->volume.unmount();
      other.unmount();
      if (another_comes) in_its_place.emplace(other.node(), "ext4", machine->volume.point());
      return success();
    };
    {
      const auto s = machine->session();
      const auto why = refusal(*s);
      EXPECT_EQ(shadow::code_of(why), result_code::e_missing_volume) << why.message();
      EXPECT_THAT(why.text(), HasSubstr(machine->volume.point()));
      EXPECT_THAT(why.text(), HasSubstr("begin again"));
      EXPECT_FALSE(machine->is_held());
      EXPECT_EQ(machine->left_behind(), "");
    }
    if (another_comes) {
      EXPECT_FALSE(was_frozen(in_its_place->point()));
    }
    in_its_place.reset();
    machine->volume.mount_again();
    expect_next_requester_succeeds();
  }
}

TEST_F(requester_matrix_root, a_volume_that_goes_away_during_the_read_is_imaged_whole) {
  bool is_gone = false;
  machine->at = [&](const std::string& where) -> result<void> {
    if (where != "read" || is_gone) return success();
    is_gone = true;
    machine->volume.detach();
    std::filesystem::remove(machine->volume.file());
    return success();
  };
  {
    const auto s = machine->session();
    EXPECT_TRUE(done(machine->back_up(*s)));
    EXPECT_TRUE(is_gone);
    machine->expect_image_whole();
  }
  EXPECT_EQ(machine->left_behind(), "");
}

TEST_F(requester_matrix_root, an_image_is_whole_though_space_runs_out_under_the_copy_during_the_read) {
  for (const auto context : {snapshot_context::backup, snapshot_context::app_rollback}) {
    bool is_full = false;
    machine->at = [&](const std::string& where) -> result<void> {
      if (where != "read" || is_full) return success();
      is_full = true;
      shell("dd if=/dev/zero bs=1M of=" + machine->host.at("filler") + " || true");
      shell("dd if=/dev/zero bs=4k of=" + machine->host.at("more") + " || true");
      // The volume finds no space for what changes in it any more, the copy needs none.
      shell("dd if=/dev/urandom bs=1M count=3 conv=notrunc,fsync of=" + machine->volume.at("data") + " || true");
      return success();
    };
    {
      const auto s = machine->session();
      EXPECT_TRUE(done(machine->back_up(*s, context)));
      EXPECT_TRUE(is_full);
      machine->expect_image_whole();
      const auto copies = s->query();
      for (const auto& copy : copies.value()) {
        EXPECT_TRUE(done(s->delete_snapshots(copy.snapshot_id, shadow::object_type::snapshot, false)));
      }
    }
    for (const char* name : {"filler", "more"}) std::filesystem::remove(machine->host.at(name));
    EXPECT_EQ(machine->left_behind(), "");
    std::filesystem::remove(machine->image_path());
  }
}

TEST_F(requester_matrix_root, a_copy_whose_disk_goes_away_during_the_read_makes_no_image) {
  bool is_gone = false;
  machine->at = [&](const std::string& where) -> result<void> {
    if (where != "read" || is_gone) return success();
    is_gone = true;
    // Nothing of it is in memory, and every read of the disk from here on is an error.
    const auto copies = machine->make_provider()->query();
    const unique_fd copy(::open(copies.value().at(0).snapshot_device_object.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(::posix_fadvise(copy.get(), 0, 0, POSIX_FADV_DONTNEED), 0);
    std::filesystem::resize_file(machine->host.file(), 0);
    return success();
  };
  const auto s = machine->session();
  const auto outcome = machine->back_up(*s, snapshot_context::app_rollback);
  EXPECT_TRUE(is_gone);
  EXPECT_TRUE(refused(result_code::e_missing_disk, outcome));
  EXPECT_FALSE(std::filesystem::exists(machine->image_path()));
  EXPECT_FALSE(machine->is_held());
}

TEST_F(requester_matrix_root, a_copy_that_is_lost_during_the_read_makes_no_image) {
  machine->at = [&](const std::string& where) -> result<void> {
    if (where == "before_commit") {
      const auto copies = machine->make_provider()->query();
      write_file(copies.value().at(0).snapshot_device_object, "something else");
    }
    return success();
  };
  {
    const auto s = machine->session();
    const auto outcome = machine->back_up(*s, snapshot_context::app_rollback);
    EXPECT_TRUE(refused(result_code::e_unexpected_provider_error, outcome));
    EXPECT_THAT(outcome.error().message(), HasSubstr("was changed after it was made"));
    EXPECT_FALSE(std::filesystem::exists(machine->image_path()));
    machine->expect_all_go_on();
    EXPECT_TRUE(done(s->delete_snapshots(s->query().value().at(0).snapshot_id, shadow::object_type::snapshot, false)));
  }
  EXPECT_EQ(machine->left_behind(), "");
  expect_next_requester_succeeds();
}

}  // namespace
}  // namespace umbra::test
