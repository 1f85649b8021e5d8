// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/scrape.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "engine/base/units.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

using jobs::scrape_source;
using jobs::unread_piece;

// A disk with bad places that remembers what it was asked.
class scraping : public testing::Test {
 protected:
  scraping() {
    source_.read = [this](std::uint64_t offset, byte_span out) { return read(offset, out); };
    source_.over = [this] { return asked_.size() >= most_reads_ ? std::string("enough") : std::string(); };
  }

  result<void> read(std::uint64_t offset, byte_span out) {
    asked_.push_back({offset, out.size()});
    for (const auto& b : bad_) {
      if (offset < b.end() && b.offset < offset + out.size() && failures_left_[b.offset]-- > 0) {
        std::ranges::fill(out, std::byte{0xee});
        return error(bad_code_, "bad");
      }
    }
    std::ranges::copy(byte_view(disk_).subspan(offset, out.size()), out.begin());
    return success();
  }

  void make_bad(range where, int times = 1 << 20) {
    bad_.push_back(where);
    failures_left_[where.offset] = times;
  }

  // What was given up; everything else must have the disk's bytes, and what was given up zeros.
  std::vector<unread_piece> scraped(std::uint64_t offset, std::uint64_t size) {
    std::vector<std::byte> out(size, std::byte{0x11});
    auto unread = jobs::scrape(source_, offset, out).value();
    std::vector<std::byte> wanted(disk_.begin() + static_cast<std::ptrdiff_t>(offset),
                                  disk_.begin() + static_cast<std::ptrdiff_t>(offset + size));
    for (const auto& u : unread)
      std::ranges::fill(byte_span(wanted).subspan(u.where.offset - offset, u.where.size), std::byte{0});
    EXPECT_TRUE(out == wanted);
    return unread;
  }

  std::size_t reads_at(std::uint64_t offset, std::uint64_t size) const {
    return static_cast<std::size_t>(std::ranges::count(asked_, range{offset, size}));
  }

  std::vector<std::byte> disk_ = random_bytes(1, 1 << 20);
  scrape_source source_;
  std::vector<range> bad_;
  std::map<std::uint64_t, int> failures_left_;
  std::vector<range> asked_;
  std::size_t most_reads_ = ~std::size_t{0};
  errc bad_code_ = errc::io_read;
};

TEST_F(scraping, finds_the_very_sectors_and_reads_ever_smaller_pieces) {
  make_bad({200'000, 1});
  make_bad({300'000, 1000});
  const auto unread = scraped(0, 512 << 10);
  ASSERT_EQ(unread.size(), 2U);
  EXPECT_EQ(unread[0].where, (range{199'680, 512}));
  EXPECT_EQ(unread[1].where, (range{299'520, 1536}));
  EXPECT_EQ(unread[0].reason.find("bad"), 0U);
  for (std::size_t i = 1; i < asked_.size(); ++i) EXPECT_LE(asked_[i].size, asked_[i - 1].size) << i;
  EXPECT_EQ(asked_.front(), (range{0, 64 << 10}));
  EXPECT_EQ(reads_at(196'608, 4096), 1U);
  EXPECT_EQ(reads_at(199'680, 512), 2U) << "once, and one retry";
  EXPECT_EQ(asked_.size(), 8U + 2 * 16 + (8 + 8) + (1 + 3)) << "and not one more";
}

TEST_F(scraping, tries_a_smallest_piece_as_often_as_told) {
  make_bad({4096, 1});
  source_.retries = 0;
  scraped(0, 65536);
  EXPECT_EQ(reads_at(4096, 512), 1U);
  asked_.clear();
  source_.retries = 5;
  scraped(0, 65536);
  EXPECT_EQ(reads_at(4096, 512), 6U);
}

TEST_F(scraping, a_sector_that_answers_at_last_is_saved) {
  make_bad({4096, 1}, 3);  // in the piece of 4 KiB, alone, and then the first retry
  source_.retries = 2;
  EXPECT_TRUE(scraped(0, 65536).empty());
}

TEST_F(scraping, keeps_to_larger_units_and_to_the_end_of_an_odd_disk) {
  source_.unit = 4096;
  make_bad({10'000, 1});
  make_bad({disk_.size() - 1, 1});
  disk_.resize(disk_.size() - 100);
  bad_.back() = {disk_.size() - 1, 1};
  failures_left_[bad_.back().offset] = 1 << 20;
  const auto unread = scraped(0, disk_.size());
  ASSERT_EQ(unread.size(), 2U);
  EXPECT_EQ(unread[0].where, (range{8192, 4096}));
  EXPECT_EQ(unread[1].where, (range{disk_.size() - 3996, 3996}));
  for (const auto& r : asked_) EXPECT_TRUE(r.offset % 4096 == 0 && (r.size % 4096 == 0 || r.end() == disk_.size()));
}

TEST_F(scraping, what_is_not_tried_any_more_is_unread_and_says_so) {
  make_bad({0, 65536});
  most_reads_ = 20;
  const auto unread = scraped(0, 65536);
  EXPECT_EQ(asked_.size(), 20U);
  ASSERT_EQ(unread.size(), 2U);
  EXPECT_EQ(unread[0].where, (range{0, 4 * 512})) << "16 pieces of 4 KiB, 4 sectors";
  EXPECT_EQ(unread[1].where, (range{4 * 512, 65536 - 4 * 512}));
  EXPECT_TRUE(unread[0].tried);
  EXPECT_FALSE(unread[1].tried);
  EXPECT_EQ(unread[1].reason, "enough");
}

TEST_F(scraping, reads_nothing_when_it_is_over_from_the_beginning) {
  most_reads_ = 0;
  const auto unread = scraped(4096, 8192);
  ASSERT_EQ(unread.size(), 1U);
  EXPECT_EQ(unread[0].where, (range{4096, 8192}));
  EXPECT_TRUE(asked_.empty());
}

TEST_F(scraping, ends_at_once_when_the_source_is_gone) {
  make_bad({100'000, 1});
  bad_code_ = errc::source_changed;
  std::vector<std::byte> out(512 << 10);
  const auto done = jobs::scrape(source_, 0, out);
  ASSERT_TRUE(done.has_error());
  EXPECT_EQ(done.error().code(), errc::source_changed);
  EXPECT_EQ(asked_.size(), 2U);
}

}  // namespace
}  // namespace umbra::test
