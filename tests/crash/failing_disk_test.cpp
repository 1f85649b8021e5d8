// SPDX-License-Identifier: GPL-3.0-or-later
// The disk that holds the images is full, or fails, at every operation of a backup, once or from then on.
#include <algorithm>
#include <cerrno>

#include <gtest/gtest.h>

#include "formats/native/layout.h"
#include "tests/support/crash_kit.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

using kind = sim_operation::what;

// What goes wrong, from an operation on.
struct disk_trouble {
  const char* name;
  errc code;
  int os_error;
  std::uint64_t times;
  bool needs_space_only;  // operations that take no space succeed

  void start(sim_file_system& disk, std::uint64_t at) const {
    disk.fail_when([trouble = *this, at](const sim_operation& o, std::uint64_t number) -> std::optional<error> {
      if (number < at || number - at >= trouble.times) return std::nullopt;
      const bool takes_space = o.kind != kind::remove && o.kind != kind::sync_directory && o.kind != kind::sync;
      if (trouble.needs_space_only && !takes_space) return std::nullopt;
      return error(trouble.code, "", trouble.os_error);
    });
  }
};
constexpr disk_trouble full{"full", errc::no_space, ENOSPC, sim_file_system::for_ever, true};
constexpr disk_trouble full_once{"full for a moment", errc::no_space, ENOSPC, 1, false};
constexpr disk_trouble failed{"failing", errc::io_write, EIO, sim_file_system::for_ever, false};
constexpr disk_trouble failed_once{"failing once", errc::io_write, EIO, 1, false};

class backup_onto_a_failing_disk : public testing::TestWithParam<place_case> {
 protected:
  backup_onto_a_failing_disk() {
    const auto disk = place_->make_disk();
    must(place_->prepare(*disk));
    must(known_.take(*place_, *disk, 0, bytes_));
    before_ = disk->crash(disk->operation_count(), crash_policy::keep_all());
    known_ = known_.settled(disk->operation_count());
    change(bytes_, 20'000, 40'000);
  }

  std::unique_ptr<sim_file_system> fresh() const { return before_->crash(0, crash_policy::keep_all()); }

  static void expect_code(const result<jobs::backup_report>& report, errc code) {
    if (report.has_value()) return;
    EXPECT_EQ(report.error().code(), code) << report.error().message();
  }

  std::uint64_t operations_of_backup(std::optional<std::uint64_t> parent) const {
    const auto disk = fresh();
    must(place_->take(*disk, 1, bytes_, parent));
    return disk->operation_count();
  }

  // Backup 1 meets `trouble`; then one that goes well, and a power cut.
  void meet(const disk_trouble& trouble, std::uint64_t at, std::optional<std::uint64_t> parent) const {
    const auto disk = fresh();
    auto known = known_;
    trouble.start(*disk, at);
    const auto report = known.take(*place_, *disk, 1, bytes_, parent);
    expect_code(report, trouble.code);
    ASSERT_EQ(fault_of(*place_, *disk, known, disk->operation_count()), "") << "while the trouble lasts";
    if (trouble.times == sim_file_system::for_ever && report.has_error()) {
      const auto second = known.take(*place_, *disk, 2, bytes_, parent);
      EXPECT_EQ(code_of(second), trouble.code);
      ASSERT_EQ(fault_of(*place_, *disk, known, disk->operation_count()), "") << "after a second try";
    }
    if (trouble.needs_space_only && report.has_error()) expect_nothing_left(*disk);

    disk->restart();
    const auto next = known.take(*place_, *disk, 3, bytes_, parent);
    ASSERT_TRUE(next.has_value()) << next.error().message();
    const auto done = disk->operation_count();
    ASSERT_EQ(fault_of(*place_, *disk, known, done), "");
    for (const auto& policy : crash_policy::several(at, is_slow_build ? 1 : 4))
      ASSERT_EQ(fault_of(*place_, *disk->crash(done, policy), known, done), "") << to_string(policy);
  }

  // What a failed backup had written of a pack or file was given back.
  void expect_nothing_left(const sim_file_system& disk) const {
    for (const auto& path : disk.all_files()) {
      if (path.ends_with(".partial")) ADD_FAILURE() << path << " was left";
      if (path.find("/packs/") == std::string::npos) continue;
      const auto bytes = *disk.content(path);
      const bool finished =
          bytes.size() > 4096 && read_struct<native::magic>(byte_view(bytes).last(4096)) == native::footer_magic;
      EXPECT_TRUE(finished) << path << " was left unfinished";
    }
  }

  void meet_everywhere(const disk_trouble& trouble) const {
    for (const auto parent : {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(0)}) {
      const auto total = operations_of_backup(parent);
      for (std::uint64_t at = 0; at < total; ++at) {
        SCOPED_TRACE(testing::Message() << (parent ? "incremental, " : "full, ") << trouble.name << " at operation " << at);
        meet(trouble, at, parent);
        if (HasFatalFailure()) return;
      }
    }
  }

  const std::unique_ptr<image_place> place_ = make_place(GetParam());
  content bytes_ = seeded_disk(7, 160'000);
  image_ledger known_;
  std::unique_ptr<sim_file_system> before_;
};

TEST_P(backup_onto_a_failing_disk, that_is_full_fails_cleanly_and_gives_its_space_back) { meet_everywhere(full); }
TEST_P(backup_onto_a_failing_disk, that_is_full_for_a_moment_fails_cleanly_or_goes_well) { meet_everywhere(full_once); }
TEST_P(backup_onto_a_failing_disk, that_fails_for_good_fails_cleanly) { meet_everywhere(failed); }
// Also every sync that fails once and answers well ever after: what it should have covered is never relied on.
TEST_P(backup_onto_a_failing_disk, that_fails_once_relies_on_nothing_that_was_not_written) { meet_everywhere(failed_once); }

TEST_P(backup_onto_a_failing_disk, that_cannot_be_read_fails_cleanly_or_goes_well) {
  for (const auto parent : {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(0)}) {
    const auto whole = fresh();
    must(place_->take(*whole, 1, bytes_, parent));
    for (std::uint64_t at = 0; at < whole->reads(); ++at) {
      for (const auto times : {std::uint64_t{1}, sim_file_system::for_ever}) {
        SCOPED_TRACE(testing::Message() << (parent ? "incremental, " : "full, ") << times << " from read " << at);
        const auto disk = fresh();
        auto known = known_;
        disk->fail_reads_at(at, times);
        const auto report = known.take(*place_, *disk, 1, bytes_, parent);
        expect_code(report, errc::io_read);
        disk->restart();
        ASSERT_EQ(fault_of(*place_, *disk, known, disk->operation_count()), "");
        const auto next = known.take(*place_, *disk, 3, bytes_, parent);
        ASSERT_TRUE(next.has_value()) << next.error().message();
        ASSERT_EQ(fault_of(*place_, *disk, known, disk->operation_count()), "");
      }
    }
  }
}

// Whoever reads the error starts the same command again.
TEST(image_file_on_a_failing_disk, can_be_made_under_the_same_name_after_any_failure) {
  const auto place = files_place();
  const auto bytes = seeded_disk(7, 160'000);
  const auto whole = place->make_disk();
  must(place->take(*whole, 0, bytes, {}));
  for (const auto& trouble : {full, full_once, failed_once}) {
    for (std::uint64_t at = 0; at < whole->operation_count(); ++at) {
      SCOPED_TRACE(testing::Message() << trouble.name << " at operation " << at);
      const auto disk = place->make_disk();
      image_ledger known;
      trouble.start(*disk, at);
      if (known.take(*place, *disk, 0, bytes).has_value()) continue;
      disk->restart();
      const auto again = known.take(*place, *disk, 0, bytes);
      ASSERT_TRUE(again.has_value()) << again.error().message();
      for (const auto& policy : crash_policy::several(at, 5)) {
        const auto after = disk->crash(disk->operation_count(), policy);
        ASSERT_EQ(fault_of(*place, *after, known, disk->operation_count()), "") << to_string(policy);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(into, backup_onto_a_failing_disk, testing::ValuesIn(image_places), name_of_place);

}  // namespace
}  // namespace umbra::test
