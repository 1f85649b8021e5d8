// SPDX-License-Identifier: GPL-3.0-or-later
// The two passes over a failing source: everything else first, then the bad places, within limits; and the run after that.
#include <algorithm>
#include <mutex>

#include <gtest/gtest.h>

#include "engine/image/image_device.h"
#include "engine/image/unreadable_ranges.h"
#include "tests/support/job_kit.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

using namespace std::chrono_literals;

// Bad places, a clock that only its reads move, and a memory of what was read.
class failing_device final : public io::device {
 public:
  explicit failing_device(content bytes) : inner_(std::move(bytes)) {}

  range_list bad;
  std::uint32_t sector = 512;
  std::chrono::milliseconds failing_takes{0};
  errc fails_with = errc::io_read;
  std::function<void()> on_failure;

  std::string name() const override { return "failing"; }
  io::device_geometry geometry() const override {
    auto g = inner_.geometry();
    g.logical_sector = g.physical_sector = sector;
    return g;
  }
  result<void> read(std::uint64_t offset, byte_span out) override {
    const std::scoped_lock lock(mutex_);
    log_.push_back({offset, out.size()});
    if (clip(bad, {offset, out.size()}).empty()) return inner_.read(offset, out);
    now_ += failing_takes;
    if (on_failure) on_failure();
    std::ranges::fill(out, std::byte{0xee});
    return error(fails_with, "bad place");
  }
  result<void> write(std::uint64_t, byte_view) override { return error(errc::denied, "test"); }
  result<void> zero(std::uint64_t, std::uint64_t, io::zero_mode) override { return error(errc::denied, "test"); }
  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override { return inner_.extents(offset, size); }
  result<void> flush() override { return success(); }

  elapsed_clock clock() {
    return [this] { return now_; };
  }
  std::vector<range> log() { return log_; }
  std::size_t reads_within(range where) {
    return static_cast<std::size_t>(
        std::ranges::count_if(log_, [&](const range& r) { return r.offset >= where.offset && r.end() <= where.end(); }));
  }
  void forget() { log_.clear(); }

 private:
  io::memory_device inner_;
  std::mutex mutex_;
  std::vector<range> log_;
  std::chrono::milliseconds now_{0};
};

// Blocks of 64 KiB, so that one bad sector has neighbours in its block.
class rescuing : public testing::Test {
 protected:
  rescuing() {
    make_vault(*store_, 65536);
    run_.options.memory = 8 << 20;
  }

  jobs::backup_report take(failing_device& device) { return must(back_up(*store_, sources_of(device), run_)); }

  // The image holds the disk, but zeros in its unreadable places, which are these.
  void expect_image(const jobs::backup_report& report, content disk, const range_list& lost) {
    for (const auto& r : lost) std::ranges::fill(byte_span(disk).subspan(r.offset, r.size), std::byte{0});
    EXPECT_TRUE(must(restored(*store_, report.image.id)) == disk);
    EXPECT_EQ(unreadable_of(report.image.id), lost);
    const auto opened = must(open_image(*store_, report.image.id));
    EXPECT_EQ(must(image::unreadable_ranges(*opened, 0, 1000)), lost);
    EXPECT_EQ(report.image.sources[0].unreadable_bytes, total_size(lost));
    range_list told;
    for (const auto& f : report.faults.faults()) told.push_back({f.offset, f.size});
    normalise(told);
    EXPECT_EQ(told, lost);
    must(verified_clean(*store_));
  }

  range_list unreadable_of(const image::session_id& id) {
    const auto opened = must(open_image(*store_, id));
    range_list found;
    for (std::uint64_t i = 0; i * image::region_size < opened->info().sources[0].size; ++i) {
      for (const auto& b : must(opened->region_at(0, i))->blocks) {
        if (b.state == image::block_state::unreadable) found.push_back({b.offset, b.size});
      }
    }
    normalise(found);
    return found;
  }

  std::unique_ptr<store::store> store_ = store::make_memory_store();
  backup_run run_;
};

TEST_F(rescuing, loses_the_very_sectors_and_nothing_beside_them) {
  const auto disk = random_bytes(1, 5 << 20);
  failing_device device(disk);
  device.bad = {{1'000'000, 1}, {3'000'000, 2000}, {disk.size() - 1, 1}};
  expect_image(take(device), disk, {{999'936, 512}, {2'999'808, 2560}, {disk.size() - 512, 512}});
}

TEST_F(rescuing, a_sector_is_what_the_device_says) {
  const auto disk = random_bytes(1, 2 << 20);
  failing_device device(disk);
  device.sector = 4096;
  device.bad = {{1'000'000, 1}};
  expect_image(take(device), disk, {{999'424, 4096}});
  for (const auto& r : device.log()) EXPECT_TRUE(r.offset % 4096 == 0 && r.size % 4096 == 0);
}

TEST_F(rescuing, everything_else_is_read_before_a_bad_place_is_read_again) {
  const auto disk = random_bytes(1, 70 << 20);
  failing_device device(disk);
  device.bad = {{100'000, 1}, {40'000'000, 1}};
  const auto report = take(device);
  expect_image(report, disk, {{99'840, 512}, {40'000'000, 512}});
  // The first read that covers a place for the second time comes after the last that covers one for the first time.
  range_list seen;
  bool second_pass = false;
  for (const auto& r : device.log()) {
    const bool again = !intersect(seen, {r}).empty();
    if (again) second_pass = true;
    EXPECT_EQ(again, second_pass) << r.offset;
    seen.push_back(r);
    normalise(seen);
  }
  EXPECT_TRUE(second_pass);
  EXPECT_EQ(total_size(seen), disk.size());
}

TEST_F(rescuing, whole_blocks_beside_the_bad_one_come_before_it_is_taken_apart) {
  const auto disk = random_bytes(1, 2 << 20);
  failing_device device(disk);
  device.bad = {{100'000, 1}};  // block 1
  take(device);
  bool apart = false;
  for (const auto& r : device.log()) {
    apart = apart || r.size < 65536;
    if (apart) {
      EXPECT_TRUE(r.offset >= 65536 && r.end() <= 131072) << r.offset;
    }
  }
  EXPECT_TRUE(apart);
}

TEST_F(rescuing, a_place_costs_no_more_than_its_time) {
  const auto disk = random_bytes(1, 4 << 20);
  failing_device device(disk);
  device.bad = {{0, 65536}, {2 << 20, 512}};
  device.failing_takes = 1s;
  run_.options.rescue.now = device.clock();
  run_.options.rescue.range_time = 10s;
  run_.options.threads = 1;
  const auto report = take(device);
  expect_image(report, disk, {{0, 65536}, {2 << 20, 512}});
  // The whole block once, its pieces for the other nine seconds.
  EXPECT_EQ(device.reads_within({0, 65536}), 10U);
  const auto& first = report.faults.faults().front();
  EXPECT_TRUE(first.untried);
  EXPECT_NE(first.text.find("not tried again: the time for one place is used up"), std::string::npos) << first.text;
}

TEST_F(rescuing, the_job_costs_no_more_than_its_time_and_untried_places_count_as_unread) {
  const auto disk = random_bytes(1, 8 << 20);
  failing_device device(disk);
  device.bad = {{65536, 512}, {6 << 20, 512}};
  device.failing_takes = 1s;
  run_.options.rescue.now = device.clock();
  run_.options.rescue.total_time = 3s;
  run_.options.threads = 1;
  const auto report = take(device);
  // Both blocks once, one piece of the first. What was not read is not there, be it good or bad.
  expect_image(report, disk, {{65536, 65536}, {6 << 20, 65536}});
}

TEST_F(rescuing, without_any_time_nothing_is_read_twice) {
  const auto disk = random_bytes(1, 2 << 20);
  failing_device device(disk);
  device.bad = {{1'000'000, 1}};
  run_.options.rescue.total_time = 0s;
  const auto report = take(device);
  EXPECT_GT(report.image.sources[0].unreadable_bytes, 65536U);
  EXPECT_LT(report.image.sources[0].unreadable_bytes, 1U << 20);
  range_list seen;
  for (const auto& r : device.log()) {
    EXPECT_TRUE(intersect(seen, {r}).empty());
    seen.push_back(r);
    normalise(seen);
  }
  expect_image(report, disk, unreadable_of(report.image.id));
}

TEST_F(rescuing, more_bad_regions_than_memory_are_rescued_on_the_way) {
  const auto disk = random_bytes(1, 100 << 20);
  failing_device device(disk);
  device.bad = {{10 << 20, 512}, {40 << 20, 512}, {70 << 20, 512}, {99 << 20, 512}};
  run_.options.rescue.held_memory = 1;
  expect_image(take(device), disk, device.bad);
}

TEST_F(rescuing, faults_in_several_sources_stay_with_their_own) {
  const auto disk = random_bytes(1, 40 << 20);
  failing_device first(disk);
  failing_device second(disk);
  failing_device third(disk);
  first.bad = {{1 << 20, 512}};
  third.bad = {{35 << 20, 1024}};
  const source_list sources{{&first, nullptr, {}, "a"}, {&second, nullptr, {}, "b"}, {&third, nullptr, {}, "c"}};
  const auto report = must(back_up(*store_, sources, run_));
  EXPECT_EQ(report.image.sources[0].unreadable_bytes, 512U);
  EXPECT_EQ(report.image.sources[1].unreadable_bytes, 0U);
  EXPECT_EQ(report.image.sources[2].unreadable_bytes, 1024U);
  for (std::size_t i = 0; i < 3; ++i) {
    auto wanted = disk;
    for (const auto& r : i == 0 ? first.bad : i == 2 ? third.bad : range_list{}) {
      std::ranges::fill(byte_span(wanted).subspan(r.offset, r.size), std::byte{0});
    }
    EXPECT_TRUE(must(restored(*store_, report.image.id, i)) == wanted) << i;
  }
  must(verified_clean(*store_));
}

TEST_F(rescuing, the_image_does_not_depend_on_the_number_of_threads) {
  const auto disk = random_bytes(1, 70 << 20);
  std::vector<std::vector<std::pair<std::string, content>>> objects;
  for (const unsigned threads : {1u, 4u}) {
    store_ = store::make_memory_store();
    make_vault(*store_, 65536);
    failing_device device(disk);
    device.bad = {{100'000, 1}, {40'000'000, 5000}};
    run_.options.threads = threads;
    take(device);
    objects.push_back(all_objects(*store_));
  }
  EXPECT_TRUE(objects[0] == objects[1]);
}

TEST_F(rescuing, a_stop_ends_it_between_two_reads) {
  failing_device device(random_bytes(1, 4 << 20));
  device.bad = {{0, 1 << 20}};
  std::stop_source stop;
  int failures = 0;
  device.on_failure = [&] {
    if (++failures == 10) stop.request_stop();
  };
  run_.stop = stop.get_token();
  EXPECT_EQ(code_of(back_up(*store_, sources_of(device), run_)), errc::cancelled);
  EXPECT_EQ(failures, 10);
  EXPECT_TRUE(images_of(*store_).empty());
}

// A server that has gone is no bad sector.
TEST_F(rescuing, a_source_that_goes_away_makes_no_image) {
  failing_device device(random_bytes(1, 4 << 20));
  device.bad = {{2 << 20, 512}};
  device.fails_with = errc::source_changed;
  EXPECT_EQ(code_of(back_up(*store_, sources_of(device), run_)), errc::source_changed);
  EXPECT_TRUE(images_of(*store_).empty());
}

// Whoever reads structures out of an image must not take zeros for what was there.
TEST_F(rescuing, an_image_as_a_device_can_fail_where_the_disk_did) {
  const auto disk = random_bytes(1, 2 << 20);
  failing_device device(disk);
  device.bad = {{1 << 20, 1024}};
  const auto report = take(device);
  const auto opened = must(open_image(*store_, report.image.id));
  const auto zeros = must(image::make_image_device(*opened, 0));
  const auto errors = must(image::make_image_device(*opened, 0, image::lost_bytes::error));
  content found(4096);
  must(zeros->read((1 << 20) - 1024, found));
  EXPECT_EQ(code_of(errors->read((1 << 20) - 1024, found)), errc::io_read);
  EXPECT_EQ(code_of(errors->read((1 << 20) + 1023, byte_span(found).first(1))), errc::io_read);
  must(errors->read((1 << 20) + 1024, found));
  EXPECT_TRUE(std::ranges::equal(found, byte_view(disk).subspan((1 << 20) + 1024, 4096)));
  EXPECT_EQ(must(zeros->extents(0, 2 << 20)).size(), 3U);
  EXPECT_EQ(must(errors->extents(0, 2 << 20)).size(), 1U) << "nobody knows that it reads as zeros";
}

TEST_F(rescuing, a_list_of_places_has_its_limit) {
  failing_device device(random_bytes(1, 2 << 20));
  device.bad = {{0, 512}, {8192, 512}, {16384, 512}, {24576, 512}};
  const auto opened = must(open_image(*store_, take(device).image.id));
  EXPECT_EQ(must(image::unreadable_ranges(*opened, 0, 3)), (range_list{{0, 512}, {8192, 512}, {16384, 512}}));
}

// --- The run after.

TEST_F(rescuing, the_next_run_reads_first_what_was_unreadable) {
  const auto disk = random_bytes(1, 100 << 20);
  failing_device device(disk);
  device.bad = {{70 << 20, 512}};
  run_.parent = take(device).image.id;
  run_.seed = 2;
  run_.options.threads = 1;
  device.forget();
  device.bad.clear();
  const auto healed = take(device);
  EXPECT_GE(device.log().front().offset, 64U << 20);
  EXPECT_LT(device.log().front().offset, 96U << 20);
  expect_image(healed, disk, {});
  EXPECT_LE(healed.new_bytes, 65536U);
}

TEST_F(rescuing, the_parents_faults_are_never_taken_over) {
  const auto disk = random_bytes(1, 100 << 20);
  failing_device device(disk);
  device.bad = {{1 << 20, 512}, {70 << 20, 512}};
  run_.parent = take(device).image.id;
  run_.seed = 2;
  device.forget();
  device.bad = {{70 << 20, 512}, {80 << 20, 512}};
  const auto second = take(device);
  expect_image(second, disk, device.bad);
  EXPECT_GT(device.reads_within({70 << 20, 512}), 0U) << "tried again down to the sector";
  EXPECT_EQ(second.new_bytes, 512U + 65536 - 512) << "what was lost before, and what is left of the block with the new fault";
  // The same once more: it is the parent's map, and all of it was read.
  run_.parent = second.image.id;
  run_.seed = 3;
  device.forget();
  const auto third = take(device);
  expect_image(third, disk, device.bad);
  EXPECT_EQ(third.image.root, second.image.root);
  EXPECT_EQ(third.new_bytes, 0U);
  EXPECT_GT(device.reads_within({80 << 20, 512}), 0U);
}

TEST_F(rescuing, a_parent_of_which_nothing_could_be_read_is_read_from_the_beginning) {
  const auto disk = random_bytes(1, 70 << 20);
  failing_device device(disk);
  device.bad = {{0, disk.size()}};
  run_.options.rescue.total_time = 0s;
  run_.parent = take(device).image.id;
  run_.seed = 2;
  device.bad.clear();
  expect_image(take(device), disk, {});
}

}  // namespace
}  // namespace umbra::test
