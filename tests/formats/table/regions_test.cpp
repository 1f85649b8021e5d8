// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/table/regions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "engine/io/file_device.h"
#include "engine/io/memory_device.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::table {
namespace {

using region_kind::free;
using region_kind::gap;
using region_kind::whole;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t sector = 512;

// Every byte in exactly one region; each partition in one of its own.
void expect_each_byte_once(const std::vector<region>& regions, const partition_table& t, std::uint64_t size) {
  std::uint64_t at = 0;
  std::size_t partitions = 0;
  for (const auto& r : regions) {
    EXPECT_EQ(r.offset, at);
    EXPECT_GT(r.size, 0u);
    at = r.end();
    if (r.kind != region_kind::partition) continue;
    ASSERT_LT(r.index, t.partitions.size());
    EXPECT_EQ(r.offset, t.partitions[r.index].offset);
    EXPECT_EQ(r.size, t.partitions[r.index].size);
    ++partitions;
  }
  EXPECT_EQ(at, size);
  EXPECT_EQ(partitions, t.partitions.size());
}

std::vector<region> checked_regions(const partition_table& t, std::uint64_t size) {
  auto regions = regions_of(t, size);
  expect_each_byte_once(regions, t, size);
  return regions;
}

std::vector<region> regions_made_by(const std::string& script) {
  const test::temp_dir dir;
  const auto path = dir.at("disk");
  test::shell("truncate -s 64M " + path + " && printf '" + script + "' | sfdisk -q " + path);
  const auto disk = std::move(io::open_device(path, {}).value());
  return checked_regions(read_partitions(*disk).value(), 64 * mib);
}

partition part(std::uint32_t number, std::uint64_t offset, std::uint64_t size) {
  partition p;
  p.number = number;
  p.offset = offset;
  p.size = size;
  return p;
}

}  // namespace

TEST(regions, of_a_disk_without_a_table_are_one) {
  EXPECT_THAT(regions_of({}, mib), ElementsAre(region{whole, 0, mib, 0, 0}));
  EXPECT_THAT(regions_of({}, 0), IsEmpty());
}

TEST(regions, of_a_gpt) {
  const auto end = 64 * mib;
  EXPECT_THAT(
      regions_made_by("label: gpt\\nfirst-lba: 34\\nstart=4096, size=10M\\nstart=40M, size=4M\\n"),
      ElementsAre(region{region_kind::table, 0, sector, 0, 0}, region{region_kind::table, sector, sector, 1, 0},
                  region{region_kind::table, 2 * sector, 32 * sector, 2, 0}, region{gap, 34 * sector, mib - 34 * sector, 0, 0},
                  region{free, mib, mib, 0, 0}, region{region_kind::partition, 2 * mib, 10 * mib, 0, 0},
                  region{free, 12 * mib, 28 * mib, 0, 0}, region{region_kind::partition, 40 * mib, 4 * mib, 1, 0},
                  region{free, 44 * mib, end - 33 * sector - 44 * mib, 0, 0},
                  region{region_kind::table, end - 33 * sector, 32 * sector, 3, 0},
                  region{region_kind::table, end - sector, sector, 4, 0}));
}

TEST(regions, of_an_mbr_with_an_extended_partition) {
  EXPECT_THAT(regions_made_by(
                  "label: dos\\nstart=63, size=4033, type=83\\nstart=16384, size=40M, type=5\\nstart=18432, size=4M, type=83\\n"
                  "start=49152, size=8M, type=82\\n"),
              ElementsAre(region{region_kind::table, 0, sector, 0, 0}, region{gap, sector, 62 * sector, 0, 0},
                          region{region_kind::partition, 63 * sector, 4033 * sector, 0, 0}, region{free, 2 * mib, 6 * mib, 0, 0},
                          region{region_kind::table, 8 * mib, sector, 1, 2}, region{gap, 8 * mib + sector, mib - sector, 0, 2},
                          region{region_kind::partition, 9 * mib, 4 * mib, 1, 2}, region{free, 13 * mib, 11 * mib - sector, 0, 2},
                          region{region_kind::table, 24 * mib - sector, sector, 2, 2},
                          region{region_kind::partition, 24 * mib, 8 * mib, 2, 2}, region{free, 32 * mib, 16 * mib, 0, 2},
                          region{free, 48 * mib, 16 * mib, 0, 0}));
}

TEST(regions, give_a_partition_what_it_shares_with_the_table) {
  partition_table t;
  t.kind = table_kind::mbr;
  t.partitions = {part(1, 256, 1024), part(2, 4096, 512)};
  t.pieces = {{piece_kind::mbr, 0, 512}, {piece_kind::ebr, 1024, 512}, {piece_kind::ebr, 4096, 512}};
  EXPECT_THAT(checked_regions(t, 8192),
              ElementsAre(region{region_kind::table, 0, 256, 0, 0}, region{region_kind::partition, 256, 1024, 0, 0},
                          region{region_kind::table, 1280, 256, 1, 0}, region{gap, 1536, 2560, 0, 0},
                          region{region_kind::partition, 4096, 512, 1, 0}, region{free, 4608, 3584, 0, 0}));
}

TEST(regions, hold_each_byte_once_whatever_the_table_says) {
  std::mt19937_64 random(1);
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  for (int round = 0; round < 2000; ++round) {
    partition_table t;
    t.kind = table_kind::mbr;
    const std::uint64_t size = 1 + below(5 * mib);
    for (std::uint64_t at = below(3000); at < size; at += below(2 * mib)) {
      const auto length = 1 + below(std::min(size - at, mib));
      t.partitions.push_back(part(static_cast<std::uint32_t>(t.partitions.size() + 1), at, length));
      at += length;
    }
    for (auto n = below(6); n > 0; --n) {
      const auto at = below(size);
      t.pieces.push_back({static_cast<piece_kind>(below(6)), at, 1 + below(size - at)});
    }
    std::ranges::stable_sort(t.pieces, {}, &piece::offset);
    for (auto n = below(3); n > 0; --n) {
      const auto at = below(size);
      t.containers.push_back(part(1, at, 1 + below(size - at)));
    }
    checked_regions(t, size);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace umbra::table
