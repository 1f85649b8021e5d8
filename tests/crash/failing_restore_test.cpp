// SPDX-License-Identifier: GPL-3.0-or-later
// Restores whose target fails at every write, or whose images cannot be read here and there: what is wrong is told, and nothing
// is called right that is not.
#include <algorithm>
#include <cerrno>

#include <gtest/gtest.h>

#include "engine/io/faulty_device.h"
#include "tests/support/crash_kit.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

class failing_restore : public testing::TestWithParam<place_case> {
 protected:
  failing_restore() {
    std::fill_n(bytes_.begin() + 40'000, 60'000, std::byte{0});
    must(place_->prepare(*disk_));
    must(known_.take(*place_, *disk_, 0, bytes_));
    change(bytes_, 20'000, 9'000);
    must(known_.take(*place_, *disk_, 1, bytes_, 0));
  }

  result<jobs::restore_report> run(io::device& target, const jobs::restore_options& options) {
    TRY(const auto image, place_->open(*disk_, 1));
    flow::progress progress;
    return jobs::run_restore(*image, 0, target, options, progress, {});
  }

  std::unique_ptr<io::memory_device> garbage() const {
    return std::make_unique<io::memory_device>(content(bytes_.size(), std::byte{0xa5}));
  }

  // Right but in the ranges that were told, where it is zeros.
  void expect_right(byte_view target, const jobs::restore_report& report) const {
    auto expected = bytes_;
    for (const auto& f : report.faults.faults()) std::ranges::fill(byte_span(expected).subspan(f.offset, f.size), std::byte{0});
    EXPECT_TRUE(std::ranges::equal(target, expected));
  }

  const std::unique_ptr<image_place> place_ = make_place(GetParam());
  const std::unique_ptr<sim_file_system> disk_ = place_->make_disk();
  content bytes_ = seeded_disk(7, 200'000);
  image_ledger known_;
};

std::vector<jobs::restore_options> all_options() {
  std::vector<jobs::restore_options> all;
  for (unsigned bits = 0; bits < 8; ++bits) {
    all.push_back({.threads = 1,
                   .write_zeros = (bits & 1) != 0,
                   .delta = (bits & 2) != 0,
                   .verify = (bits & 4) != 0,
                   .writes_in_flight = 2});
  }
  return all;
}

TEST_P(failing_restore, tells_a_target_that_fails_at_any_write) {
  for (const auto& options : all_options()) {
    for (const auto& [os_error, code] : {std::pair(ENOSPC, errc::no_space), std::pair(EIO, errc::io_write)}) {
      std::uint64_t at = 0;
      for (bool failed = true; failed; ++at) {
        const auto target =
            io::make_faulty(garbage(), {.unreadable = {}, .unwritable = {}, .fail_write_at = at, .write_errno = os_error});
        const auto report = run(*target, options);
        failed = report.has_error();
        ASSERT_TRUE(!failed || report.error().code() == code) << report.error().message();
      }
      EXPECT_GT(at, 3U) << "or this tested nothing";
    }
  }
}

TEST_P(failing_restore, tells_a_target_that_cannot_be_flushed_or_read_back) {
  for (const auto& options : all_options()) {
    const auto unflushed = io::make_faulty(garbage(), {.unreadable = {}, .unwritable = {}, .flush_fails = true});
    EXPECT_EQ(code_of(run(*unflushed, options)), errc::io_write);
    if (!options.verify) continue;
    const auto unreadable = io::make_faulty(garbage(), {.unreadable = {{10'000, 1}}, .unwritable = {}});
    const auto report = run(*unreadable, options);
    if (options.delta) {
      EXPECT_EQ(code_of(report), errc::io_read);
    } else {
      EXPECT_TRUE(report.has_error() || !report.value().verified);
    }
  }
}

TEST_P(failing_restore, of_an_image_that_cannot_be_read_at_some_place_tells_the_place) {
  io::memory_device whole(content(bytes_.size(), std::byte{0xa5}));
  disk_->reset_read_counts();
  must(run(whole, {.threads = 1}));
  const auto reads = disk_->reads();
  std::size_t with_faults = 0;
  for (std::uint64_t at = 0; at < reads; ++at) {
    for (const auto times : {std::uint64_t{1}, std::uint64_t{3}, sim_file_system::for_ever}) {
      SCOPED_TRACE(testing::Message() << times << " from read " << at);
      io::memory_device target(content(bytes_.size(), std::byte{0xa5}));
      disk_->reset_read_counts();
      disk_->fail_reads_at(at, times);
      const auto report = run(target, {.threads = 1});
      disk_->restart();
      if (report.has_error()) {
        EXPECT_EQ(report.error().code(), errc::io_read) << report.error().message();
        continue;
      }
      expect_right(target.contents(), report.value());
      with_faults += report.value().faults.empty() ? 0 : 1;
    }
  }
  EXPECT_GT(with_faults, 0U);
  EXPECT_EQ(fault_of(*place_, *disk_, known_, disk_->operation_count()), "") << "once it can be read again";
}

INSTANTIATE_TEST_SUITE_P(from, failing_restore, testing::ValuesIn(image_places), name_of_place);

}  // namespace
}  // namespace umbra::test
