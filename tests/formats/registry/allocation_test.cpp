// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/allocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/io/faulty_device.h"
#include "engine/io/file_device.h"
#include "engine/io/memory_device.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::registry {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint64_t mib = 1 << 20;

std::unique_ptr<io::device> open_disk(const std::string& path) {
  io::open_options writable;
  writable.mode = io::open_options::access::read_write;
  return std::move(io::open_device(path, writable).value());
}

// 64 MiB: ext4 of 32 MiB with one 1 MiB file at 1 MiB, swap of 8 MiB at 40 MiB.
std::unique_ptr<io::device> two_partitions(const test::temp_dir& dir, const std::string& label) {
  const auto disk = dir.at("disk");
  test::shell("mkdir " + dir.at("files") + " && head -c 1M /dev/zero | tr '\\0' x > " + dir.at("files/x") +
              " && truncate -s 64M " + disk + " && printf 'label: " + label +
              "\\n start=2048, size=32M\\n start=81920, size=8M\\n' | sfdisk -q " + disk +
              " && mke2fs -q -F -t ext4 -b 4096 -E offset=1048576 -d " + dir.at("files") + " " + disk + " 32M" +
              " && truncate -s 8M " + dir.at("swap") + " && mkswap " + dir.at("swap") + " && dd if=" + dir.at("swap") +
              " of=" + disk + " bs=1M seek=40 conv=notrunc");
  return open_disk(disk);
}

range_list whole(const io::device& disk) { return {{0, disk.geometry().size}}; }

}  // namespace

TEST(disk_allocation, counts_a_blank_disk_as_used) {
  io::memory_device disk(mib);
  const auto map = allocation_of(disk, {}).value();
  EXPECT_EQ(map.used, whole(disk));
  EXPECT_THAT(map.notes, ElementsAre("copied whole: no known file system"));
}

TEST(disk_allocation, of_an_empty_device_is_empty) {
  io::memory_device disk(std::uint64_t{0});
  EXPECT_THAT(allocation_of(disk, {}).value().used, IsEmpty());
}

TEST(disk_allocation, leaves_out_only_what_a_file_system_says_is_free) {
  for (const auto* label : {"gpt", "dos"}) {
    const test::temp_dir dir;
    const auto disk = two_partitions(dir, label);
    const auto map = allocation_of(*disk, {}).value();
    const auto free = subtract(whole(*disk), map.used);
    ASSERT_THAT(free, Not(IsEmpty()));
    EXPECT_GE(free.front().offset, mib);
    const range_list swapped_out{{40 * mib + 4096, 8 * mib - 4096}};
    EXPECT_LE(subtract(free, swapped_out).back().end(), 33 * mib);
    EXPECT_THAT(subtract(swapped_out, free), IsEmpty());
    EXPECT_GT(total_size(free), 24 * mib);
    EXPECT_THAT(map.notes, Contains(testing::AllOf(HasSubstr("partition 1"), HasSubstr("ext4"), HasSubstr("of 32.0 MiB used"))));
    EXPECT_THAT(map.notes, Contains(testing::AllOf(HasSubstr("partition 2"), HasSubstr("swap, 0.0 MiB of 8.0 MiB used"))));
  }
}

TEST(disk_allocation, places_files_on_the_disk) {
  const test::temp_dir dir;
  const auto disk = two_partitions(dir, "gpt");
  const auto map = allocation_of(*disk, {}).value();
  std::uint64_t size = 0;
  for (const auto& f : map.files) {
    std::vector<std::byte> bytes(f.size);
    ASSERT_TRUE(disk->read(f.offset, bytes).has_value());
    EXPECT_EQ(bytes, std::vector<std::byte>(f.size, std::byte{'x'}));
    size += f.size;
  }
  EXPECT_EQ(size, mib);
  EXPECT_THAT(allocation_of(*disk, {.cuts_on_files = false}).value().files, IsEmpty());
}

TEST(disk_allocation, understands_a_file_system_on_the_whole_disk) {
  const test::temp_dir dir;
  const auto path = dir.at("disk");
  test::shell("mke2fs -q -F -t ext4 " + path + " 32M");
  const auto disk = open_disk(path);
  const auto map = allocation_of(*disk, {}).value();
  EXPECT_LT(total_size(map.used), 16 * mib);
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("ext4")));
}

TEST(disk_allocation, trusts_nothing_when_a_partition_table_lies_over_a_file_system) {
  const test::temp_dir dir;
  const auto path = dir.at("disk");
  test::shell("mke2fs -q -F -t ext4 " + path + " 32M && printf 'label: dos\\n size=20M\\n' | sfdisk -q -w never -W never " +
              path);
  const auto disk = open_disk(path);
  const auto map = allocation_of(*disk, {}).value();
  EXPECT_EQ(map.used, whole(*disk));
  EXPECT_THAT(map.notes, Contains(HasSubstr("both a file system and a partition table")));
}

TEST(disk_allocation, trusts_no_leftover_file_system_below_another_signature) {
  const test::temp_dir dir;
  const auto path = dir.at("disk");
  test::shell("mke2fs -q -F -t ext4 " + path + " 32M");
  const auto disk = open_disk(path);
  ASSERT_TRUE(disk->write(512, as_bytes("LABELONE")).has_value());
  const auto map = allocation_of(*disk, {}).value();
  EXPECT_EQ(map.used, whole(*disk));
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("looks like ext4 and like LVM")));
}

TEST(disk_allocation, counts_a_partition_as_used_whose_superblock_cannot_be_read) {
  const test::temp_dir dir;
  io::fault_plan plan;
  plan.unreadable = {{mib + 1024, 512}};
  const auto disk = io::make_faulty(two_partitions(dir, "gpt"), plan);
  const auto map = allocation_of(*disk, {}).value();
  EXPECT_EQ(subtract(whole(*disk), map.used), (range_list{{40 * mib + 4096, 8 * mib - 4096}}));  // swapped out
  EXPECT_THAT(map.notes, Contains(HasSubstr("partition 1")));
}

TEST(disk_allocation, counts_the_disk_as_used_when_its_first_sector_cannot_be_read) {
  io::fault_plan plan;
  plan.unreadable = {{0, 512}};
  const auto disk = io::make_faulty(std::make_unique<io::memory_device>(mib), plan);
  EXPECT_EQ(allocation_of(*disk, {}).value().used, whole(*disk));
}

}  // namespace umbra::registry
