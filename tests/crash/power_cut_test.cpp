// SPDX-License-Identifier: GPL-3.0-or-later
// The power fails at every operation of backups, full and incremental, into a vault and into files.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/crash_kit.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

constexpr std::size_t disk_size = 120'000;

// A vault made, a full image, an incremental on it, and a full one of a like disk.
struct life {
  explicit life(const place_case& c) : place(make_place(c)) {
    disk = place->make_disk();
    must(place->prepare(*disk));
    prepared = disk->operation_count();
    auto bytes = seeded_disk(7, disk_size);
    must(known.take(*place, *disk, 0, bytes));
    change(bytes, 20'000, 9'000);
    must(known.take(*place, *disk, 1, bytes, 0));
    change(bytes, 70'000, 1);
    must(known.take(*place, *disk, 2, bytes));
  }

  std::unique_ptr<image_place> place;
  std::unique_ptr<sim_file_system> disk;
  image_ledger known;
  std::uint64_t prepared = 0;
};

std::size_t rounds(std::size_t usual) { return is_slow_build ? usual / 8 + 1 : usual; }

// Every state of the disk after every cut: `check(after, cut)` tells what is wrong with it. The number that have a fault; tells
// the first.
template <class Check>
std::size_t count_faults(const sim_file_system& disk, std::size_t random_states, const Check& check, std::string& first) {
  std::size_t faults = 0;
  for (std::uint64_t cut = 0; cut <= disk.operation_count(); ++cut) {
    for (const auto& policy : crash_policy::several(cut, random_states)) {
      const auto after = disk.crash(cut, policy);
      const std::string fault = check(*after, cut);
      if (!fault.empty() && faults++ == 0) first = to_string(policy) + " after operation " + std::to_string(cut) + ": " + fault;
    }
  }
  return faults;
}

class power_cut_of_backups : public testing::TestWithParam<place_case> {};

TEST_P(power_cut_of_backups, leaves_reported_images_right_and_others_absent_or_whole) {
  const life l(GetParam());
  std::string first;
  const auto faults = count_faults(
      *l.disk, rounds(20), [&](auto& after, auto cut) { return fault_of(*l.place, after, l.known, cut); }, first);
  EXPECT_EQ(faults, 0U) << first;
}

TEST_P(power_cut_of_backups, is_noticed_on_a_disk_that_lies_about_syncs) {
  const life l(GetParam());
  l.disk->eat_syncs = true;
  std::string first;
  const auto faults = count_faults(
      *l.disk, 1, [&](auto& after, auto cut) { return fault_of(*l.place, after, l.known, cut); }, first);
  EXPECT_GT(faults, 50U) << "or the other tests show nothing";
}

// The next run: of what the last image held.
std::string fault_of_next(const life& l, sim_file_system& after, std::uint64_t cut) {
  auto known = l.known.settled(cut);
  if (cut < l.prepared) {
    const auto prepared = l.place->prepare(after);
    if (prepared.has_error() && prepared.error().code() != errc::exists) return "prepare: " + prepared.error().message();
  }
  const auto present = l.place->present(after);
  if (present.has_error()) return present.error().message();
  const auto report = known.take(*l.place, after, 3, l.known.images.at(2).bytes);
  if (report.has_error()) return "next backup: " + report.error().message();
  return fault_of(*l.place, after, known, after.operation_count());
}

TEST_P(power_cut_of_backups, is_followed_by_a_backup_that_works) {
  const life l(GetParam());
  std::string first;
  const auto faults = count_faults(
      *l.disk, rounds(3), [&](auto& after, auto cut) { return fault_of_next(l, after, cut); }, first);
  EXPECT_EQ(faults, 0U) << first;
}

// All that the next run needs is there already if the last image had been reported.
TEST(power_cut_of_a_vault, costs_no_block_that_an_image_holds) {
  const life l(image_places[1]);
  const auto done = l.known.images.at(2).reported;
  for (std::uint64_t cut = done; cut <= l.disk->operation_count(); ++cut) {
    for (const auto& policy : crash_policy::several(cut, 5)) {
      const auto after = l.disk->crash(cut, policy);
      const auto report = must(l.place->take(*after, 3, l.known.images.at(2).bytes, {}));
      ASSERT_EQ(report.new_bytes, 0U) << to_string(policy) << " after operation " << cut;
    }
  }
}

std::map<std::string, content> index_of(const sim_file_system& disk) {
  std::map<std::string, content> index;
  for (const auto& path : disk.all_files()) {
    if (path.starts_with("/vault/index/")) index[path] = *disk.content(path);
  }
  return index;
}

TEST(power_cut_of_a_vault, with_an_index_lost_or_of_an_earlier_time_harms_nothing) {
  const life l(image_places[1]);
  const auto first = l.disk->crash(l.known.images.at(1).reported, crash_policy::keep_all());
  const std::vector<std::map<std::string, content>> indexes{{}, index_of(*first)};
  ASSERT_FALSE(indexes[1].empty());
  ASSERT_NE(indexes[1], index_of(*l.disk));
  for (std::uint64_t cut = l.known.images.at(1).reported; cut <= l.disk->operation_count(); cut += is_slow_build ? 7 : 1) {
    for (const auto& index : indexes) {
      const auto after = l.disk->crash(cut, crash_policy::random(cut));
      for (const auto& [path, bytes] : index_of(*after)) must(after->remove(path));
      for (const auto& [path, bytes] : index) after->plant(path, bytes);
      ASSERT_EQ(fault_of(*l.place, *after, l.known, cut), "") << "after operation " << cut;
      ASSERT_EQ(fault_of_next(l, *after, cut), "") << "after operation " << cut;
    }
  }
}

TEST_P(power_cut_of_backups, may_come_again_in_the_middle_of_the_next_backup) {
  const life l(GetParam());
  for (std::uint64_t cut = l.prepared; cut <= l.disk->operation_count(); cut += is_slow_build ? 29 : 7) {
    const auto after = l.disk->crash(cut, crash_policy::random(cut));
    auto known = l.known.settled(cut);
    must(known.take(*l.place, *after, 3, l.known.images.at(2).bytes));
    for (std::uint64_t second = 0; second <= after->operation_count(); ++second) {
      const auto policy = crash_policy::random(second);
      const auto twice = after->crash(second, policy);
      ASSERT_EQ(fault_of(*l.place, *twice, known, second), "")
          << "after " << cut << ", " << to_string(policy) << " after " << second;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(into, power_cut_of_backups, testing::ValuesIn(image_places), name_of_place);

}  // namespace
}  // namespace umbra::test
