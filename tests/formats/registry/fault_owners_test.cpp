// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/fault_owners.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "engine/io/faulty_device.h"
#include "engine/io/file_device.h"
#include "engine/io/memory_device.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::registry {
namespace {

constexpr std::uint64_t mib = 1 << 20;
using kind = fault_owner_kind;

// 64 MiB with a GPT: FAT of 32 MiB at 1 MiB, holding a file of 1 MiB of 'x', and a partition of zeros at 40 MiB.
std::vector<std::byte> disk_with_files() {
  const test::temp_dir dir;
  const auto disk = dir.at("disk");
  test::shell("truncate -s 64M " + disk +
              " && printf 'label: gpt\\n start=2048, size=32M\\n start=81920, size=8M\\n' | sfdisk -q " + disk +
              " && mkfs.vfat -C " + dir.at("fat") + " 32768 && head -c 1M /dev/zero | tr '\\0' x > " + dir.at("x") +
              " && mcopy -i " + dir.at("fat") + " " + dir.at("x") + " '::/a long name.txt' && dd if=" + dir.at("fat") +
              " of=" + disk + " bs=1M seek=1 conv=notrunc");
  const auto device = io::open_device(disk, {}).value();
  std::vector<std::byte> bytes(device->geometry().size);
  EXPECT_TRUE(device->read(0, bytes).has_value());
  return bytes;
}

std::uint64_t offset_of_file(const std::vector<std::byte>& disk) {
  const std::vector<std::byte> wanted(64 << 10, std::byte{'x'});
  return static_cast<std::uint64_t>(std::search(disk.begin(), disk.end(), wanted.begin(), wanted.end()) - disk.begin());
}

std::unique_ptr<io::device> failing(std::vector<std::byte> bytes, range_list bad) {
  return io::make_faulty(std::make_unique<io::memory_device>(std::move(bytes)), {.unreadable = std::move(bad), .unwritable = {}});
}

void expect_covered(const std::vector<fault_owner>& owners, const range_list& where) {
  range_list told;
  for (const auto& o : owners) {
    if (!told.empty()) {
      EXPECT_GE(o.where.offset, told.back().end());
    }
    told.push_back(o.where);
  }
  normalise(told);
  auto asked = where;  // neighbours may be asked for one by one
  normalise(asked);
  EXPECT_EQ(told, asked);
}

}  // namespace

TEST(fault_owners, names_files_and_what_else_a_disk_is_made_of) {
  const auto bytes = disk_with_files();
  const auto file = offset_of_file(bytes);
  ASSERT_LT(file, 33 * mib);
  const auto end = bytes.size();
  const range_list bad{{0, 1024},        {20 * 512, 512}, {512 << 10, 512}, {file + 5120, 512},
                       {32 * mib, 1024}, {41 * mib, 512}, {50 * mib, 4096}, {end - 512, 512}};
  const auto disk = failing(bytes, {bad[3], bad[4], bad[5], bad[6]});
  const auto owners = owners_of(*disk, bad);
  expect_covered(owners, bad);
  ASSERT_EQ(owners.size(), bad.size() + 1) << "the first holds parts of two";
  EXPECT_EQ(owners[0].kind, kind::partition_table);
  EXPECT_EQ(owners[0].name, "MBR");
  EXPECT_EQ(owners[1].kind, kind::partition_table);
  EXPECT_EQ(owners[1].name, "GPT header");
  EXPECT_EQ(owners[2].name, "GPT entries");
  EXPECT_EQ(owners[3].kind, kind::gap);
  EXPECT_EQ(owners[4].kind, kind::file);
  EXPECT_EQ(owners[4].name, "/a long name.txt");
  EXPECT_EQ(owners[4].partition, 1U);
  EXPECT_EQ(owners[4].volume.substr(0, 3), "FAT");
  EXPECT_EQ(owners[5].kind, kind::free_space);
  EXPECT_EQ(owners[5].partition, 1U);
  EXPECT_EQ(owners[6].kind, kind::unknown);
  EXPECT_EQ(owners[6].partition, 2U);
  EXPECT_EQ(owners[7].kind, kind::gap);
  EXPECT_EQ(owners[8].name, "backup GPT header");
}

TEST(fault_owners, a_range_is_cut_where_its_owner_changes) {
  const auto disk = failing(disk_with_files(), {});
  const range_list everything{{0, 64 * mib}};
  const auto owners = owners_of(*disk, everything);
  expect_covered(owners, everything);
  EXPECT_TRUE(std::ranges::any_of(owners, [](const auto& o) { return o.kind == kind::file && o.where.size == mib; }));
}

TEST(fault_owners, understands_a_file_system_without_a_table) {
  const auto bytes = disk_with_files();
  const std::vector<std::byte> volume(bytes.begin() + mib, bytes.begin() + 33 * mib);
  const auto file = offset_of_file(volume);
  const auto disk = failing(volume, {{file, 512}});
  const auto owners = owners_of(*disk, {{file, 512}});
  ASSERT_EQ(owners.size(), 1U);
  EXPECT_EQ(owners[0].name, "/a long name.txt");
  EXPECT_EQ(owners[0].partition, 0U);
}

// Zeros in place of these sectors would make it free space, or a table without partitions.
TEST(fault_owners, without_the_structures_that_would_tell_nobody_knows) {
  const auto bytes = disk_with_files();
  const auto file = offset_of_file(bytes);
  for (const range lost : {range{0, 512}, range{mib, 512}}) {
    const range_list bad{lost, {file, 512}};
    const auto disk = failing(bytes, bad);
    const auto owners = owners_of(*disk, bad);
    expect_covered(owners, bad);
    for (const auto& o : owners) EXPECT_EQ(o.kind, kind::unknown) << lost.offset;
  }
  // The table of files' clusters, both copies.
  const auto disk = failing(bytes, {{mib + 512, file - mib - 512}});
  for (const auto& o : owners_of(*disk, {{file, 512}})) EXPECT_NE(o.kind, kind::free_space);
}

TEST(fault_owners, of_a_disk_of_nothing_nobody_knows_anything) {
  io::memory_device disk(mib);
  const auto owners = owners_of(disk, {{0, 512}, {4096, 512}});
  expect_covered(owners, {{0, 512}, {4096, 512}});
  for (const auto& o : owners) EXPECT_EQ(o.kind, kind::unknown);
  EXPECT_TRUE(owners_of(disk, {}).empty());
}

}  // namespace umbra::registry
