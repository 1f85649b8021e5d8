// SPDX-License-Identifier: GPL-3.0-or-later
// Images against images, and images against devices.
#include <gtest/gtest.h>

#include "engine/jobs/compare.h"
#include "engine/jobs/diff.h"
#include "tests/support/job_kit.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

class comparing : public testing::Test {
 protected:
  comparing() { make_vault(*store_); }

  image::session_id take(const content& disk, const std::optional<image::session_id>& parent = {}) {
    backup_run run;
    run.parent = parent;
    run.seed = ++seed_;
    return back_up_bytes(*store_, disk, run);
  }
  jobs::diff_report diff(const image::session_id& a, const image::session_id& b, std::size_t keep = 100) {
    return must(jobs::diff_images(*must(open_image(*store_, a)), *must(open_image(*store_, b)), keep, {}));
  }

  std::unique_ptr<store::store> store_ = store::make_memory_store();
  std::uint64_t seed_ = 0;
};

TEST_F(comparing, equal_contents_have_no_difference_whatever_their_history) {
  const auto disk = seeded_disk(1, (33 << 20) + 100);
  const auto a = take(disk);
  auto other = disk;
  change(other, 1'000'000, 5000);
  const auto b = take(disk, take(other, a));
  const auto d = diff(a, b);
  EXPECT_EQ(d.changed_bytes, 0U);
  EXPECT_TRUE(d.ranges.empty());
  EXPECT_EQ(d.compared_bytes, disk.size());
}

TEST_F(comparing, tells_changed_blocks_as_merged_ranges) {
  const auto disk = random_bytes(1, 40 << 20);
  auto after = disk;
  change(after, 10'000);                  // one block
  change(after, 100 * 4096 + 4000, 200);  // two neighbours
  change(after, (32 << 20) - 1, 2);       // across a border of regions
  change(after, disk.size() - 1);         // the last
  std::fill_n(after.begin() + (20 << 20), 8192, std::byte{0});
  const auto a = take(disk);
  const auto b = take(after, a);
  const std::vector<jobs::changed_range> expected{{0, {8192, 4096}},
                                                  {0, {100 * 4096, 8192}},
                                                  {0, {20 << 20, 8192}},
                                                  {0, {(32 << 20) - 4096, 8192}},
                                                  {0, {disk.size() - 4096, 4096}}};
  EXPECT_EQ(diff(a, b).ranges, expected);
  EXPECT_EQ(diff(b, a).ranges, expected);
  const auto few = diff(a, b, 2);
  EXPECT_EQ(few.ranges.size(), 2U);
  EXPECT_EQ(few.ranges[1], expected[1]) << "what follows the last one kept is not added to it";
  EXPECT_EQ(few.range_count, 5U);
  EXPECT_EQ(few.changed_bytes, 4096U + 3 * 8192U + 4096U);
}

TEST_F(comparing, states_without_content_are_all_zeros) {
  io::memory_device device(zero_bytes(1 << 20));
  plan::allocation none;
  const auto a = take(zero_bytes(1 << 20));
  backup_run run;
  run.seed = 50;
  const auto b = must(back_up(*store_, sources_of(device, &none), run)).image.id;
  EXPECT_EQ(diff(a, b).changed_bytes, 0U);
}

TEST_F(comparing, refuses_images_that_cannot_be_compared) {
  const auto a = take(random_bytes(1, 8192));
  const auto b = take(random_bytes(1, 8193));
  EXPECT_EQ(code_of(jobs::diff_images(*must(open_image(*store_, a)), *must(open_image(*store_, b)), 1, {})),
            errc::geometry_mismatch);
  const auto other = store::make_memory_store();
  make_vault(*other, 4096, 5);
  const auto c = back_up_bytes(*other, random_bytes(1, 8192));
  EXPECT_EQ(code_of(jobs::diff_images(*must(open_image(*store_, a)), *must(open_image(*other, c)), 1, {})),
            errc::geometry_mismatch);
}

TEST_F(comparing, a_device_that_holds_the_image_is_equal) {
  const auto disk = seeded_disk(1, (33 << 20) + 700);
  const auto opened = must(open_image(*store_, take(disk)));
  for (const std::uint32_t alignment : {1U, 4096U}) {
    shaped_device device(disk);
    device.shape.alignment = alignment;
    flow::progress progress;
    const auto report = must(jobs::compare_with_device(*opened, 0, device, false, 2, progress, {}));
    EXPECT_TRUE(report.faults.empty());
    EXPECT_EQ(report.compared_bytes, disk.size());
    EXPECT_EQ(report.different_bytes, 0U);
  }
}

TEST_F(comparing, a_device_that_differs_is_told_by_block) {
  const auto disk = random_bytes(1, 1 << 20);
  const auto opened = must(open_image(*store_, take(disk)));
  auto changed = disk;
  change(changed, 50'000);
  change(changed, disk.size() - 1);
  changed.resize(changed.size() + 5000);  // a larger device will do
  io::memory_device device(changed);
  flow::progress progress;
  const auto report = must(jobs::compare_with_device(*opened, 0, device, false, 2, progress, {}));
  ASSERT_EQ(report.faults.count(), 2U);
  EXPECT_EQ(report.different_bytes, 8192U);
  for (const auto& f : report.faults.faults()) EXPECT_EQ(f.what, jobs::fault::kind::mismatch);
}

TEST_F(comparing, what_the_image_does_not_know_is_compared_on_request) {
  const auto disk = random_bytes(1, 1 << 20);
  io::memory_device device(disk);
  plan::allocation allocation;
  allocation.used = {{0, 512 << 10}};
  const auto id = must(back_up(*store_, sources_of(device, &allocation))).image.id;
  const auto opened = must(open_image(*store_, id));
  flow::progress progress;
  const auto lenient = must(jobs::compare_with_device(*opened, 0, device, false, 1, progress, {}));
  EXPECT_TRUE(lenient.faults.empty());
  EXPECT_EQ(lenient.skipped_bytes, 512U << 10);
  const auto strict = must(jobs::compare_with_device(*opened, 0, device, true, 1, progress, {}));
  EXPECT_EQ(strict.different_bytes, 512U << 10);
}

TEST_F(comparing, refuses_a_device_that_is_too_small_and_a_source_that_is_not_there) {
  const auto opened = must(open_image(*store_, take(random_bytes(1, 8192))));
  io::memory_device small(8191);
  io::memory_device right(8192);
  flow::progress progress;
  EXPECT_EQ(code_of(jobs::compare_with_device(*opened, 0, small, false, 1, progress, {})), errc::geometry_mismatch);
  EXPECT_EQ(code_of(jobs::compare_with_device(*opened, 1, right, false, 1, progress, {})), errc::out_of_range);
}

}  // namespace
}  // namespace umbra::test
