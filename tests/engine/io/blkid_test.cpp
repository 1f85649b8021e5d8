// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/blkid.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/io/faulty_device.h"
#include "engine/io/memory_device.h"
#include "engine/io/window_device.h"

namespace umbra::io {
namespace {

constexpr std::uint64_t mib = 1 << 20;

void put(memory_device& disk, std::uint64_t offset, std::string_view text) {
  ASSERT_TRUE(disk.write(offset, as_bytes(text)).has_value());
}

// A swap area of version 1 with pages of 4096 bytes, as mkswap writes it.
void put_swap(memory_device& disk, std::uint64_t at) {
  using namespace std::literals;
  put(disk, at + 1024, "\x01\0\0\0\xff\0\0\0\0\0\0\0"sv);
  put(disk, at + 1036, "0123456789abcdef"sv);
  put(disk, at + 1052, "pages"sv);
  put(disk, at + 4086, "SWAPSPACE2"sv);
}

}  // namespace

TEST(blkid, names_what_it_knows) {
  memory_device disk(8 * mib);
  put_swap(disk, 0);
  const auto mark = ask_blkid(disk).value();
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->type, "swap");
  EXPECT_EQ(mark->label, "pages");
  EXPECT_EQ(mark->id, "30313233-3435-3637-3839-616263646566");
}

TEST(blkid, knows_nothing_of_zeros_and_of_nothing) {
  memory_device disk(8 * mib);
  EXPECT_FALSE(ask_blkid(disk).value().has_value());
  memory_device empty(std::uint64_t{0});
  EXPECT_FALSE(ask_blkid(empty).value().has_value());
  memory_device tiny(700);
  EXPECT_FALSE(ask_blkid(tiny).value().has_value());
}

TEST(blkid, sees_a_window_as_a_volume) {
  memory_device disk(8 * mib);
  put_swap(disk, 3 * mib);
  EXPECT_FALSE(ask_blkid(disk).value().has_value());
  const auto window = std::move(make_window(disk, {3 * mib, 4 * mib}).value());
  EXPECT_TRUE(ask_blkid(*window).value().has_value());
}

TEST(blkid, looks_at_the_end_of_a_volume_too) {
  // The superblock of a Linux RAID of version 0.90 lies in the last 128 KiB, at a multiple of 64 KiB.
  using namespace std::literals;
  memory_device disk(16 * mib);
  put(disk, 16 * mib - (64 << 10), "\xfc\x4e\x2b\xa9\0\0\0\0\x5a\0\0\0"sv);
  const auto mark = ask_blkid(disk).value();
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->type, "linux_raid_member");
}

TEST(blkid, does_not_choose_between_two_formats) {
  using namespace std::literals;
  memory_device disk(8 * mib);
  put_swap(disk, 0);
  put(disk, 0, "-rom1fs-"sv);
  const auto mark = ask_blkid(disk);
  ASSERT_TRUE(mark.has_error());
  EXPECT_EQ(mark.error().code(), errc::decode);
}

TEST(blkid, fails_where_an_end_cannot_be_read) {
  for (const auto at : {std::uint64_t{4096}, 8 * mib - 512}) {
    fault_plan plan;
    plan.unreadable = {{at, 512}};
    const auto disk = make_faulty(std::make_unique<memory_device>(8 * mib), plan);
    EXPECT_TRUE(ask_blkid(*disk).has_error());
  }
}

}  // namespace umbra::io
