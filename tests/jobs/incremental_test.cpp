// SPDX-License-Identifier: GPL-3.0-or-later
// Chains: what an incremental keeps, what it costs, and that layouts may change between runs.
#include <algorithm>

#include <gtest/gtest.h>

#include "engine/base/units.h"
#include "tests/support/job_kit.h"
#include "tests/support/pattern.h"
#include "tests/support/sim_file_system.h"

namespace umbra::test {
namespace {

std::uint64_t size_of_all(store::store& store, const std::string& prefix) {
  std::uint64_t total = 0;
  for (const auto& e : must(store.list(prefix))) total += e.size;
  return total;
}

backup_run after(const image::session_id& parent, std::uint64_t seed) {
  backup_run run;
  run.parent = parent;
  run.seed = seed;
  return run;
}

class incremental : public testing::Test {
 protected:
  incremental() { make_vault(*store_); }
  std::unique_ptr<store::store> store_ = store::make_memory_store();
};

TEST_F(incremental, of_an_unchanged_disk_adds_no_pack_and_has_the_same_root) {
  const auto disk = seeded_disk(1, (33 << 20) + 700);
  io::memory_device device(disk);
  const auto full = must(back_up(*store_, sources_of(device)));
  const auto packs = must(store_->list("packs/"));
  const auto next = must(back_up(*store_, sources_of(device), after(full.image.id, 2)));
  EXPECT_EQ(next.image.root, full.image.root);
  EXPECT_EQ(next.new_bytes, 0U);
  EXPECT_EQ(next.image.new_stored_bytes, 0U);
  EXPECT_EQ(next.unchanged_bytes, full.image.sources[0].stored_bytes);
  EXPECT_EQ(must(store_->list("packs/")).size(), packs.size());
  EXPECT_EQ(next.image.parent, full.image.id);
  EXPECT_TRUE(must(restored(*store_, next.image.id)) == disk);
}

TEST_F(incremental, of_an_unchanged_disk_in_a_file_holds_no_data) {
  sim_file_system files;
  io::memory_device device(seeded_disk(1, 2 << 20));
  const auto full = must(back_up_to_file(files, "/full.umbra", sources_of(device)));
  backup_run run;
  run.seed = 2;
  const auto next = must(back_up_to_file(files, "/next.umbra", sources_of(device), run, "/full.umbra"));
  EXPECT_EQ(next.image.root, full.image.root);
  EXPECT_LE(files.content("/next.umbra")->size(), 64U << 10);
}

TEST_F(incremental, of_one_changed_block_costs_one_record_and_its_map_pages) {
  auto disk = seeded_disk(1, 40 << 20);
  const auto full = back_up_bytes(*store_, disk);
  const auto before = size_of_all(*store_, "packs/");
  change(disk, 35'000'000);
  io::memory_device device(disk);
  const auto next = must(back_up(*store_, sources_of(device), after(full, 2)));
  EXPECT_EQ(next.new_bytes, 4096U);
  // A leaf of 8192 blocks of 4 KiB at 72 bytes, a node, mini-index, checkpoint, footer.
  EXPECT_LE(size_of_all(*store_, "packs/") - before, (8192U * 72) + (64U << 10));
  EXPECT_TRUE(must(restored(*store_, next.image.id)) == disk);
  must(verified_clean(*store_));
}

TEST_F(incremental, a_chain_gives_back_each_of_its_states) {
  auto disk = seeded_disk(1, (2 << 20) + 3333);
  std::vector<std::pair<image::session_id, content>> states;
  states.emplace_back(back_up_bytes(*store_, disk), disk);
  for (std::uint64_t i = 0; i < 12; ++i) {
    change(disk, i * 150'000 + 11, 1 + i * 777);
    if (i % 3 == 0) std::ranges::fill(byte_span(disk).subspan(i * 100'000, 20'000), std::byte{0});
    states.emplace_back(back_up_bytes(*store_, disk, after(states.back().first, 10 + i)), disk);
  }
  for (const auto& [id, expected] : states) EXPECT_TRUE(must(restored(*store_, id)) == expected);
  must(verified_clean(*store_));
}

TEST_F(incremental, a_chain_of_files_gives_back_each_of_its_states) {
  sim_file_system files;
  auto disk = seeded_disk(1, 1 << 20);
  std::string last;
  std::vector<content> states;
  for (std::uint64_t i = 0; i < 6; ++i) {
    backup_run run;
    run.seed = 10 + i;
    io::memory_device device(disk);
    const auto path = "/" + std::to_string(i) + ".umbra";
    must(back_up_to_file(files, path, sources_of(device), run, last));
    last = path;
    states.push_back(disk);
    change(disk, i * 150'000 + 11, 5000);
  }
  for (std::size_t i = 0; i < states.size(); ++i)
    EXPECT_TRUE(must(restored_file(files, "/" + std::to_string(i) + ".umbra")) == states[i]) << i;
  must(files.remove("/0.umbra"));
  const auto orphan = restored_file(files, "/5.umbra");
  ASSERT_TRUE(orphan.has_error());
  EXPECT_EQ(orphan.error().code(), errc::not_found) << orphan.error().message();
}

TEST_F(incremental, stores_a_block_once_over_images_and_sources) {
  const auto disk = random_bytes(1, 1 << 20);
  back_up_bytes(*store_, disk);
  auto moved = random_bytes(2, 4096);
  moved.insert(moved.end(), disk.begin(), disk.end());
  io::memory_device a(moved);
  io::memory_device b(disk);
  backup_run run;
  run.seed = 2;
  run.name = "other";
  const auto report = must(back_up(*store_, {{&a, nullptr, {}, "a"}, {&b, nullptr, {}, "b"}}, run));
  EXPECT_EQ(report.new_bytes, 4096U);
  EXPECT_EQ(report.deduplicated_bytes, 2 * disk.size());
}

TEST_F(incremental, a_lost_index_costs_nothing_but_time) {
  const auto disk = random_bytes(1, 1 << 20);
  const auto id = back_up_bytes(*store_, disk);
  for (const auto& e : must(store_->list("index/"))) must(store_->remove(e.name));
  io::memory_device device(disk);
  backup_run run;
  run.seed = 2;
  EXPECT_EQ(must(back_up(*store_, sources_of(device), run)).new_bytes, 0U);
  EXPECT_FALSE(must(store_->list("index/")).empty());
  EXPECT_TRUE(must(restored(*store_, id)) == disk);
  must(verified_clean(*store_));
}

TEST_F(incremental, refuses_a_parent_that_does_not_fit) {
  const auto id = back_up_bytes(*store_, random_bytes(1, 8192));
  io::memory_device larger(random_bytes(1, 8193));
  EXPECT_EQ(code_of(back_up(*store_, sources_of(larger), after(id, 2))), errc::geometry_mismatch);
  io::memory_device same(random_bytes(1, 8192));
  EXPECT_EQ(code_of(back_up(*store_, {{&same, nullptr, {}, "a"}, {&same, nullptr, {}, "b"}}, after(id, 3))),
            errc::geometry_mismatch);
  EXPECT_EQ(code_of(back_up(*store_, sources_of(same), after(image::session_id{}, 4))), errc::not_found);
  EXPECT_EQ(images_of(*store_).size(), 1U);
  must(verified_clean(*store_));
}

// --- Layouts.

// A file system's content: files at places of its own, with bytes that belong to the file wherever it lies.
struct placed_file {
  std::uint64_t offset;
  std::uint64_t size;
  std::uint64_t seed;
};
struct drawn_disk {
  content bytes;
  plan::allocation allocation;
};
drawn_disk draw(std::uint64_t size, const std::vector<placed_file>& files) {
  drawn_disk d;
  d.bytes.resize(size);
  for (const auto& f : files) {
    const auto rounded = align_up(f.size, 512);
    fill_random(f.seed, byte_span(d.bytes).subspan(f.offset, f.size));
    d.allocation.used.push_back({f.offset, rounded});
    if (f.size >= plan::file_extent_minimum) d.allocation.files.push_back({f.offset, rounded, 0});
  }
  normalise(d.allocation.used);
  std::ranges::sort(d.allocation.files, {}, &plan::file_extent::offset);
  return d;
}

class layouts : public incremental {
 protected:
  jobs::backup_report take(const drawn_disk& d, const std::optional<image::session_id>& parent, bool follow_files = true) {
    io::memory_device device(d.bytes);
    auto allocation = d.allocation;
    if (!follow_files) allocation.files.clear();
    backup_run run;
    run.parent = parent;
    run.seed = ++seed_;
    auto report = must(back_up(*store_, sources_of(device, &allocation), run));
    EXPECT_TRUE(must(restored(*store_, report.image.id)) == d.bytes);
    return report;
  }
  std::uint64_t seed_ = 0;
};

TEST_F(layouts, files_are_found_again_at_any_other_place) {
  const auto one = draw(4 << 20, {{512, 700'000, 1}, {1 << 20, 123'456, 2}, {2 << 20, 1'000'000, 3}});
  const auto two = draw(4 << 20, {{(1 << 20) + 1536, 1'000'000, 3}, {0, 123'456, 2}, {(3 << 20) - 512, 700'000, 1}});
  const auto full = take(one, std::nullopt);
  const auto other = take(two, std::nullopt);
  EXPECT_EQ(other.new_bytes, 0U) << "a whole file is stored once, wherever it lies";
  EXPECT_LE(take(two, full.image.id).new_bytes, 64U << 10) << "cuts of the parent leave a few odd pieces";
  must(verified_clean(*store_));
}

TEST_F(layouts, space_may_be_freed_used_again_and_grow) {
  const auto one = draw(4 << 20, {{512, 700'000, 1}, {1 << 20, 123'904, 2}, {2 << 20, 1'000'000, 3}});
  const auto less = draw(4 << 20, {{512, 700'000, 1}, {2 << 20, 1'000'000, 3}});
  const auto more = draw(4 << 20, {{512, 700'000, 1}, {1 << 20, 200'000, 4}, {2 << 20, 1'500'160, 3}});
  const auto a = take(one, std::nullopt);
  const auto b = take(less, a.image.id);
  EXPECT_EQ(b.new_bytes, 0U);
  const auto c = take(more, b.image.id);
  EXPECT_LE(c.new_bytes, 200'192U + 500'672U + 4096U);
  const auto d = take(one, c.image.id);
  EXPECT_LE(d.new_bytes, 4096U) << "all of it was stored before";
  take(draw(4 << 20, {}), d.image.id);
  must(verified_clean(*store_));
}

TEST_F(layouts, cuts_may_change_their_rule_between_runs) {
  auto d = draw(4 << 20, {{512, 700'000, 1}, {(1 << 20) + 512, 123'456, 2}, {(2 << 20) - 1024, 1'000'000, 3}});
  const auto by_file = take(d, std::nullopt);
  const auto by_grid = take(d, by_file.image.id, false);
  EXPECT_EQ(by_grid.new_bytes, 0U) << "an unchanged region keeps its parent's cuts";
  change(d.bytes, 600'000, 30'000);
  const auto changed = take(d, by_grid.image.id, false);
  EXPECT_LE(changed.new_bytes, 40'000U);
  change(d.bytes, 2'100'000, 3);
  take(d, changed.image.id, true);
  // Nothing allocated is told any more: all of it is used and lies on the grid.
  io::memory_device device(d.bytes);
  const auto whole = must(back_up(*store_, sources_of(device), after(changed.image.id, 77)));
  EXPECT_TRUE(must(restored(*store_, whole.image.id)) == d.bytes);
  must(verified_clean(*store_));
}

TEST_F(layouts, random_changes_of_layout_and_content_always_come_back) {
  std::uint64_t state = 5;
  const auto pick = [&](std::uint64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
  };
  constexpr std::uint64_t slot = 256 << 10;
  std::vector<placed_file> files(12);
  std::optional<image::session_id> parent;
  for (int round = 0; round < (is_slow_build ? 6 : 25); ++round) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (round > 0 && pick(3) != 0) continue;
      files[i] = {i * slot + pick(8) * 512, 1 + pick(slot - 8 * 512), pick(4)};  // few seeds: the same beginnings again and again
    }
    auto d = draw(12 * slot + 5000, files);
    for (int i = 0; i < 3; ++i) {
      const auto& f = files[pick(files.size())];
      change(d.bytes, f.offset + pick(f.size));
    }
    SCOPED_TRACE(round);
    parent = take(d, pick(5) == 0 ? std::nullopt : parent, pick(3) != 0).image.id;
  }
  must(verified_clean(*store_));
}

}  // namespace
}  // namespace umbra::test
