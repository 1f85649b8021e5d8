// SPDX-License-Identifier: GPL-3.0-or-later
// The process is killed at every operation of a backup, and the machine goes on: what was not synced is there to be seen, and is
// lost if the power fails later on.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/crash_kit.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

class killed_backup : public testing::TestWithParam<place_case> {
 protected:
  killed_backup() {
    const auto disk = place_->make_disk();
    must(place_->prepare(*disk));
    must(known_.take(*place_, *disk, 0, bytes_));
    // Nothing of it is in doubt.
    before_ = disk->crash(disk->operation_count(), crash_policy::keep_all());
    known_ = known_.settled(disk->operation_count());
    change(bytes_, 20'000, 40'000);
  }

  std::unique_ptr<sim_file_system> fresh() const { return before_->crash(0, crash_policy::keep_all()); }

  // Backup 1, killed at operation `stop`. What comes after the report may be killed, too.
  void kill_at(sim_file_system& disk, image_ledger& known, std::uint64_t stop, std::optional<std::uint64_t> parent) const {
    disk.stop_at(stop);
    const auto report = known.take(*place_, disk, 1, bytes_, parent);
    EXPECT_TRUE(report.has_value() || report.error().code() == errc::cancelled) << report.error().message();
    disk.restart();
  }

  const std::unique_ptr<image_place> place_ = make_place(GetParam());
  content bytes_ = seeded_disk(7, 160'000);
  image_ledger known_;
  std::unique_ptr<sim_file_system> before_;
};

TEST_P(killed_backup, leaves_all_in_order_and_the_next_one_survives_a_power_cut) {
  for (const auto parent : {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(0)}) {
    const auto whole = fresh();
    must(place_->take(*whole, 1, bytes_, parent));
    for (std::uint64_t stop = 0; stop < whole->operation_count(); ++stop) {
      SCOPED_TRACE(testing::Message() << (parent ? "incremental" : "full") << " killed at " << stop);
      const auto disk = fresh();
      auto known = known_;
      kill_at(*disk, known, stop, parent);
      ASSERT_EQ(fault_of(*place_, *disk, known, disk->operation_count()), "");
      const auto next = known.take(*place_, *disk, 2, bytes_, parent);
      ASSERT_TRUE(next.has_value()) << next.error().message();
      const auto done = disk->operation_count();
      for (const auto& policy : crash_policy::several(stop, is_slow_build ? 2 : 12)) {
        const auto after = disk->crash(done, policy);
        ASSERT_EQ(fault_of(*place_, *after, known, done), "") << to_string(policy);
      }
    }
  }
}

// Packs that were durable before a later one was begun are found by the next run, whether the index lived or not.
TEST(killed_backup_into_a_vault, leaves_packs_that_the_next_one_does_not_store_again) {
  const auto place = vault_place();
  place->grain = 32 << 10;
  const auto bytes = random_bytes(1, 600'000);
  const auto whole = place->make_disk();
  must(place->prepare(*whole));
  must(place->take(*whole, 0, bytes, {}));
  std::uint64_t best = 0;
  for (std::uint64_t stop = 0; stop < whole->operation_count(); stop += 3) {
    const auto disk = place->make_disk();
    must(place->prepare(*disk));
    disk->stop_at(stop);
    EXPECT_TRUE(place->take(*disk, 0, bytes, {}).has_error() || stop > 0);
    disk->restart();
    std::uint64_t packs = 0;
    for (const auto& path : disk->all_files()) {
      // One that was just made and is empty does not tell the next run anything yet.
      if (path.find("/packs/") != std::string::npos && !disk->content(path)->empty()) ++packs;
    }
    const auto report = must(place->take(*disk, 1, bytes, {}));
    EXPECT_EQ(report.deduplicated_bytes + report.new_bytes, bytes.size());
    EXPECT_GE(report.deduplicated_bytes, (std::max<std::uint64_t>(packs, 2) - 2) * (28 << 10)) << "killed at " << stop;
    best = std::max(best, report.deduplicated_bytes);
  }
  EXPECT_EQ(best, bytes.size());
}

INSTANTIATE_TEST_SUITE_P(into, killed_backup, testing::ValuesIn(image_places), name_of_place);

}  // namespace
}  // namespace umbra::test
