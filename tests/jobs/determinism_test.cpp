// SPDX-License-Identifier: GPL-3.0-or-later
// Same input, same parent, same options, same seed: same bytes, for any number of threads; and many writers at once.
#include <algorithm>
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/job_kit.h"
#include "tests/support/pattern.h"
#include "tests/support/sim_file_system.h"

namespace umbra::test {
namespace {

// Many copies of the same stretches, so that threads meet the same content at the same time.
content disk_with_copies(std::uint64_t seed) {
  auto disk = seeded_disk(seed, 6 << 20);
  const auto copy = random_bytes(seed + 1, 300'000);
  for (std::size_t at = 0; at + copy.size() < disk.size(); at += 5 * 4096 * 40)
    std::ranges::copy(copy, disk.begin() + static_cast<std::ptrdiff_t>(at));
  return disk;
}

backup_run with_threads(unsigned threads, std::uint64_t seed) {
  backup_run run;
  run.options = small_options(threads);
  run.options.audit_percent = 20;
  run.seed = seed;
  run.pack_size = 1 << 20;
  return run;
}

std::vector<std::pair<std::string, content>> vault_made_by(unsigned threads) {
  const auto store = store::make_memory_store();
  make_vault(*store);
  auto disk = disk_with_copies(1);
  const auto full = back_up_bytes(*store, disk, with_threads(threads, 1));
  change(disk, 1'000'000, 500'000);
  change(disk, 3'000'000, 1);
  auto run = with_threads(threads, 2);
  run.parent = full;
  back_up_bytes(*store, disk, run);
  return all_objects(*store);
}

// Files of 16 KiB and more, whose cuts move between the full image and the incremental.
struct moved_cuts {
  content disk = disk_with_copies(3);
  plan::allocation before;
  plan::allocation after;

  moved_cuts() {
    before.used = {{512, 2 << 20}, {3 << 20, (2 << 20) + 1536}};
    before.files = {{512, 1 << 20, 0}, {(3 << 20) + 1024, 700 << 10, 0}};
    after.used = {{512, 2 << 20}, {(3 << 20) - 5120, (2 << 20) + 6656}};
    after.files = {{3584, 1 << 20, 0}, {(3 << 20) - 5120, 900 << 10, 0}};
  }
};

std::vector<std::pair<std::string, content>> vault_with_moved_cuts_made_by(unsigned threads) {
  moved_cuts m;
  const auto store = store::make_memory_store();
  make_vault(*store, 64 << 10);
  io::memory_device device(m.disk);
  const auto full = must(back_up(*store, sources_of(device, &m.before), with_threads(threads, 1)));
  change(m.disk, 700'000, 600'000);
  change(m.disk, 4'000'000, 1);
  io::memory_device changed(m.disk);
  auto run = with_threads(threads, 2);
  run.parent = full.image.id;
  must(back_up(*store, sources_of(changed, &m.after), run));
  return all_objects(*store);
}

content file_with_moved_cuts_made_by(unsigned threads) {
  moved_cuts m;
  sim_file_system files;
  io::memory_device device(m.disk);
  must(back_up_to_file(files, "/a.umbra", sources_of(device, &m.before), with_threads(threads, 1)));
  change(m.disk, 700'000, 600'000);
  io::memory_device changed(m.disk);
  must(back_up_to_file(files, "/b.umbra", sources_of(changed, &m.after), with_threads(threads, 2), "/a.umbra"));
  auto both = *files.content("/a.umbra");
  const auto second = *files.content("/b.umbra");
  both.insert(both.end(), second.begin(), second.end());
  return both;
}

content file_made_by(unsigned threads) {
  sim_file_system files;
  auto disk = disk_with_copies(1);
  io::memory_device device(disk);
  must(back_up_to_file(files, "/a.umbra", sources_of(device), with_threads(threads, 1)));
  change(disk, 1'000'000, 500'000);
  io::memory_device changed(disk);
  must(back_up_to_file(files, "/b.umbra", sources_of(changed), with_threads(threads, 2), "/a.umbra"));
  auto both = *files.content("/a.umbra");
  const auto second = *files.content("/b.umbra");
  both.insert(both.end(), second.begin(), second.end());
  return both;
}

TEST(determinism, a_vault_is_the_same_for_any_number_of_threads) {
  const auto one = vault_made_by(1);
  ASSERT_GT(one.size(), 8U);
  for (const unsigned threads : {1U, 2U, 8U}) {
    const auto other = vault_made_by(threads);
    ASSERT_EQ(other.size(), one.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      EXPECT_EQ(other[i].first, one[i].first);
      EXPECT_TRUE(other[i].second == one[i].second) << one[i].first << " with " << threads << " threads";
    }
  }
}

TEST(determinism, a_file_is_the_same_for_any_number_of_threads) {
  const auto one = file_made_by(1);
  for (const unsigned threads : {1U, 2U, 8U}) EXPECT_TRUE(file_made_by(threads) == one) << threads;
}

TEST(determinism, holds_when_cuts_follow_files_and_move) {
  const auto vault = vault_with_moved_cuts_made_by(1);
  const auto file = file_with_moved_cuts_made_by(1);
  for (const unsigned threads : {1U, 2U, 8U}) {
    EXPECT_TRUE(vault_with_moved_cuts_made_by(threads) == vault) << threads;
    EXPECT_TRUE(file_with_moved_cuts_made_by(threads) == file) << threads;
  }
}

TEST(determinism, another_seed_makes_another_session) {
  io::memory_device device(random_bytes(1, 100'000));
  sim_file_system files;
  must(back_up_to_file(files, "/a.umbra", sources_of(device), with_threads(1, 1)));
  must(back_up_to_file(files, "/b.umbra", sources_of(device), with_threads(1, 2)));
  EXPECT_NE(files.content("/a.umbra"), files.content("/b.umbra")) << "or the tests above compare nothing";
}

TEST(several_writers, back_up_into_one_vault_at_once) {
  const auto files = sim_with_directory("/");
  const auto store = vault_store(*files);
  make_vault(*store);
  constexpr std::size_t writers = 3;
  std::vector<content> disks;
  for (std::size_t i = 0; i < writers; ++i) disks.push_back(disk_with_copies(i % 2));  // two of them are the same
  std::vector<image::session_id> ids(writers);
  std::vector<std::string> problems(writers);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < writers; ++i) {
      threads.emplace_back([&, i] {
        io::memory_device device(disks[i]);
        auto run = with_threads(2, 10 + i);
        run.name = "disk " + std::to_string(i);
        const auto own = store::make_local_store(*files, "/vault");
        auto report = back_up(*own, sources_of(device), run);
        if (report.has_error()) problems[i] = report.error().message();
        if (report.has_value()) ids[i] = report.value().image.id;
      });
    }
  }
  for (std::size_t i = 0; i < writers; ++i) {
    ASSERT_EQ(problems[i], "");
    EXPECT_TRUE(must(restored(*store, ids[i])) == disks[i]);
  }
  must(verified_clean(*store));
}

TEST(several_writers, of_the_same_name_take_turns) {
  const auto files = sim_with_directory("/");
  const auto store = vault_store(*files);
  make_vault(*store);
  shaped_device device(random_bytes(1, 100'000));
  std::atomic<bool> tried{false};
  std::optional<errc> second;
  device.before_read = [&](std::uint64_t) {
    if (tried.exchange(true)) return;
    io::memory_device other(random_bytes(2, 100'000));
    second = code_of(back_up(*store, sources_of(other), with_threads(1, 2)));
  };
  EXPECT_TRUE(back_up(*store, sources_of(device), with_threads(1, 1)));
  EXPECT_EQ(second, errc::busy);
  io::memory_device other(random_bytes(2, 100'000));
  EXPECT_TRUE(back_up(*store, sources_of(other), with_threads(1, 3))) << "once the first has ended";
  must(verified_clean(*store));
}

}  // namespace
}  // namespace umbra::test
