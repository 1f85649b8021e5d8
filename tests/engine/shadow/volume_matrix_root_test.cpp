// SPDX-License-Identifier: GPL-3.0-or-later
// Volumes, disks and space that go away under a session, on real file systems: the image is absent or whole, the message says
// what is missing, and nothing is left behind.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "engine/base/units.h"
#include "engine/io/unique_fd.h"
#include "tests/contract/provider_contract.h"
#include "tests/support/shadow_requester.h"
#include "tests/support/shell.h"

namespace umbra::test {
namespace {

using namespace umbra::literals;
using shadow::result_code;
using shadow::snapshot_context;
using ::testing::HasSubstr;

struct volume_matrix_root : ::testing::Test {
  void SetUp() override {
    if (const auto why = loop_kit_unavailable({"mkfs.xfs", "mkfs.ext4"}); !why.empty()) GTEST_SKIP() << why;
    machine.emplace("xfs");
  }
  std::optional<shadow_machine> machine;
};

TEST_F(volume_matrix_root, a_volume_that_was_unmounted_before_the_instant_is_told) {
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
      const auto why = machine->refusal(*s);
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
    machine->expect_next_requester_succeeds();
  }
}

TEST_F(volume_matrix_root, a_volume_that_goes_away_during_the_read_is_imaged_whole) {
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

TEST_F(volume_matrix_root, an_image_is_whole_though_space_runs_out_under_the_copy_during_the_read) {
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

TEST_F(volume_matrix_root, a_copy_whose_disk_goes_away_during_the_read_makes_no_image) {
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

TEST_F(volume_matrix_root, a_copy_that_is_lost_during_the_read_makes_no_image) {
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
  machine->expect_next_requester_succeeds();
}

}  // namespace
}  // namespace umbra::test
