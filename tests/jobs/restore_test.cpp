// SPDX-License-Identifier: GPL-3.0-or-later
// Restores with every option onto every kind of target.
#include <algorithm>

#include <gtest/gtest.h>

#include "engine/base/units.h"
#include "engine/io/faulty_device.h"
#include "tests/support/job_kit.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

constexpr std::size_t disk_size = (3 << 20) + (700 << 10) + 1536;

// Zeros, an unallocated part and file cuts in it, ends inside a page.
class restore : public testing::Test {
 protected:
  restore() {
    fill_random(1, byte_span(disk_).subspan(512, 1 << 20));
    std::ranges::copy(seeded_disk(2, 1 << 20), disk_.begin() + (2 << 20) + 1024);
    std::ranges::copy(seeded_disk(3, (700 << 10) + 1536), disk_.end() - ((700 << 10) + 1536));
    allocation_.used = {{0, (1 << 20) + 512}, {(1 << 20) + 5120, (2 << 20) - 8192}, {disk_size - (700 << 10), 700 << 10}};
    allocation_.files = {{512, 700 << 10, 0}, {(2 << 20) + 1024, 500 << 10, 0}};
    make_vault(*store_);
    io::memory_device device(disk_);
    const auto report = must(back_up(*store_, sources_of(device, &allocation_)));
    opened_ = must(open_image(*store_, report.image.id));
    const auto known = subtract({{0, disk_size}}, allocation_.used);
    for (const auto& r : known) std::ranges::fill(byte_span(disk_).subspan(r.offset, r.size), std::byte{0});
  }

  jobs::restore_report run(io::device& target, const jobs::restore_options& options) {
    flow::progress progress;
    auto report = must(jobs::run_restore(*opened_, 0, target, options, progress, {}));
    EXPECT_EQ(progress.done, progress.total);
    return report;
  }

  content disk_ = content(disk_size);
  plan::allocation allocation_;
  std::unique_ptr<store::store> store_ = store::make_memory_store();
  opened_image opened_;
};

TEST_F(restore, with_every_option_onto_every_target_gives_the_same_bytes) {
  for (const std::uint32_t alignment : {1U, 512U, 4096U}) {
    for (const std::size_t behind : {std::size_t{0}, std::size_t{300}, std::size_t{5000}, std::size_t{1} << 20}) {
      for (unsigned bits = 0; bits < 8; ++bits) {
        SCOPED_TRACE(testing::Message() << alignment << " aligned, " << behind << " larger, options " << bits);
        const auto garbage = content(disk_size + behind, std::byte{0xa5});
        shaped_device target(garbage);
        target.shape.alignment = alignment;
        const jobs::restore_options options{.threads = 1 + bits % 3,
                                            .write_zeros = (bits & 1) != 0,
                                            .delta = (bits & 2) != 0,
                                            .verify = (bits & 4) != 0,
                                            .writes_in_flight = 1 + bits};
        const auto report = run(target, options);
        EXPECT_TRUE(report.faults.empty());
        EXPECT_EQ(report.verified, options.verify);
        EXPECT_TRUE(std::equal(disk_.begin(), disk_.end(), target.contents().begin()));
        const auto rest = target.contents().subspan(disk_size);
        EXPECT_TRUE(std::ranges::all_of(rest, [](std::byte b) { return b == std::byte{0xa5}; })) << "behind the source's end";
      }
    }
  }
}

TEST_F(restore, delta_writes_only_what_differs) {
  auto present = disk_;
  change(present, 5000);
  io::memory_device target(present);
  const auto report = run(target, {.threads = 1, .delta = true});
  EXPECT_EQ(report.written_bytes, 64U << 10);
  EXPECT_TRUE(std::ranges::equal(target.contents(), disk_));
}

TEST_F(restore, releases_nothing_where_the_target_is_a_hole_already) {
  shaped_device target(content(disk_size, std::byte{0}));
  target.holes = {{0, disk_size}};
  const auto report = run(target, {.threads = 1});
  EXPECT_EQ(report.zeroed_bytes, 0U);
  EXPECT_TRUE(std::ranges::equal(target.contents(), disk_));
}

TEST_F(restore, refuses_a_smaller_or_unknown_target_before_it_writes) {
  io::memory_device target(content(disk_size - 1, std::byte{0xa5}));
  flow::progress progress;
  EXPECT_EQ(code_of(jobs::run_restore(*opened_, 0, target, {}, progress, {})), errc::geometry_mismatch);
  EXPECT_TRUE(std::ranges::all_of(target.contents(), [](std::byte b) { return b == std::byte{0xa5}; }));
  EXPECT_EQ(code_of(jobs::run_restore(*opened_, 1, target, {}, progress, {})), errc::usage);
}

TEST_F(restore, refuses_to_start_without_all_packs) {
  for (const auto& e : must(store_->list("packs/"))) must(store_->remove(e.name));
  opened_ = must(open_image(*store_, opened_->info().id));
  io::memory_device target(content(disk_size, std::byte{0xa5}));
  flow::progress progress;
  const auto failed = jobs::run_restore(*opened_, 0, target, {}, progress, {});
  ASSERT_TRUE(failed.has_error());
  EXPECT_NE(failed.error().message().find("pack"), std::string::npos) << failed.error().message();
  EXPECT_TRUE(std::ranges::all_of(target.contents(), [](std::byte b) { return b == std::byte{0xa5}; }));
}

TEST_F(restore, tells_a_target_that_cannot_be_written) {
  const auto faulty = [&](io::fault_plan plan) {
    const auto target = io::make_faulty(std::make_unique<io::memory_device>(disk_size), std::move(plan));
    flow::progress progress;
    return code_of(jobs::run_restore(*opened_, 0, *target, {.threads = 2}, progress, {}));
  };
  EXPECT_EQ(faulty({.unreadable = {}, .unwritable = {{3 << 20, 1}}}), errc::io_write);
  EXPECT_EQ(faulty({.unreadable = {}, .unwritable = {}, .fail_write_at = 1, .write_errno = ENOSPC}), errc::no_space);
  EXPECT_EQ(faulty({.unreadable = {}, .unwritable = {}, .flush_fails = true}), errc::io_write);
}

TEST_F(restore, stops_when_asked) {
  std::stop_source stop;
  shaped_device target(content(disk_size, std::byte{0}));
  stop.request_stop();
  flow::progress progress;
  EXPECT_EQ(code_of(jobs::run_restore(*opened_, 0, target, {}, progress, stop.get_token())), errc::cancelled);
}

// A target that loses what was written to it.
class forgetful_device final : public io::device {
 public:
  explicit forgetful_device(std::uint64_t size) : inner_(size) {}
  std::string name() const override { return "forgetful"; }
  io::device_geometry geometry() const override { return inner_.geometry(); }
  result<void> read(std::uint64_t offset, byte_span out) override { return inner_.read(offset, out); }
  result<void> write(std::uint64_t, byte_view) override { return success(); }
  result<void> zero(std::uint64_t, std::uint64_t, io::zero_mode) override { return success(); }
  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override { return inner_.extents(offset, size); }
  result<void> flush() override { return success(); }

 private:
  io::memory_device inner_;
};

TEST_F(restore, verify_finds_a_target_that_lost_what_was_written) {
  forgetful_device target(disk_size);
  const auto report = run(target, {.threads = 2, .verify = true});
  EXPECT_FALSE(report.verified);
  EXPECT_EQ(report.faults.bytes(), opened_->info().sources[0].stored_bytes);
}

TEST(restore_of_many_blocks, counts_every_fault_and_keeps_the_first) {
  const auto store = store::make_memory_store();
  make_vault(*store);
  const auto disk = random_bytes(1, 10 << 20);
  const auto opened = must(open_image(*store, back_up_bytes(*store, disk)));
  forgetful_device target(disk.size());
  flow::progress progress;
  const auto report = must(jobs::run_restore(*opened, 0, target, {.threads = 2, .verify = true}, progress, {}));
  EXPECT_EQ(report.faults.count(), disk.size() / 4096);
  EXPECT_EQ(report.faults.faults().size(), jobs::fault_list::kept_at_most);
}

TEST(restore_of_regions, writes_across_their_borders) {
  auto disk = content(65 << 20);
  fill_random(1, byte_span(disk).subspan((32 << 20) - 300'000, 600'000));
  fill_random(2, byte_span(disk).subspan((64 << 20) - 5120, 7000));
  const auto store = store::make_memory_store();
  make_vault(*store, 64 << 10);
  const auto opened = must(open_image(*store, back_up_bytes(*store, disk)));
  for (const std::uint32_t alignment : {1U, 4096U}) {
    for (const bool delta : {false, true}) {
      shaped_device target(content(disk.size(), std::byte{0xa5}));
      target.shape.alignment = alignment;
      flow::progress progress;
      must(jobs::run_restore(*opened, 0, target, {.threads = 3, .delta = delta}, progress, {}));
      EXPECT_TRUE(std::ranges::equal(target.contents(), disk)) << alignment;
    }
  }
}

TEST_F(restore, goes_on_after_a_damaged_block_and_leaves_zeros_there) {
  const auto packs = must(store_->list("packs/"));
  ASSERT_EQ(packs.size(), 1U);
  auto bytes = must(store_->get(packs[0].name, 1 << 30));
  change(bytes, 4096 + 96 + 100);  // in the first record
  must(store_->remove(packs[0].name));
  must(store_->put_if_absent(packs[0].name, bytes));
  opened_ = must(open_image(*store_, opened_->info().id));
  io::memory_device target(content(disk_size, std::byte{0xa5}));
  const auto report = run(target, {.threads = 2});
  ASSERT_EQ(report.faults.count(), 1U);
  const auto& f = report.faults.faults()[0];
  EXPECT_EQ(f.what, jobs::fault::kind::damaged);
  auto expected = disk_;
  std::ranges::fill(byte_span(expected).subspan(f.offset, f.size), std::byte{0});
  EXPECT_TRUE(std::ranges::equal(target.contents(), expected));
  EXPECT_EQ(f.offset, 512U);
}

}  // namespace
}  // namespace umbra::test
