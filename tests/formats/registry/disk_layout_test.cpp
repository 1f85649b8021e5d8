// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/disk_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/io/faulty_device.h"
#include "engine/io/file_device.h"
#include "engine/io/memory_device.h"
#include "formats/registry/allocation.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::registry {
namespace {

using table::region_kind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t mib = 1 << 20;

std::unique_ptr<io::device> open_disk(const std::string& path) {
  io::open_options writable;
  writable.mode = io::open_options::access::read_write;
  return std::move(io::open_device(path, writable).value());
}

// 64 MiB: ext4 "root" of 32 MiB at 1 MiB, Minix of 8 MiB at 40 MiB, nothing known in 4 MiB at 50 MiB.
std::unique_ptr<io::device> three_partitions(const test::temp_dir& dir) {
  const auto disk = dir.at("disk");
  test::shell("truncate -s 64M " + disk +
              " && printf 'label: gpt\\n start=2048, size=32M\\n start=81920, size=8M\\n start=102400, size=4M\\n' | sfdisk -q " +
              disk + " && mke2fs -q -F -t ext4 -b 4096 -L root -U 01234567-89ab-cdef-0123-456789abcdef -E offset=1048576 " +
              disk + " 32M && truncate -s 8M " + dir.at("minix") + " && mkfs.minix -3 " + dir.at("minix") +
              " && dd if=" + dir.at("minix") + " of=" + disk + " bs=1M seek=40 conv=notrunc");
  return open_disk(disk);
}

std::vector<volume_content> contents_of(const disk_layout& layout) {
  std::vector<volume_content> list;
  for (const auto& r : layout.regions) {
    if (r.content) list.push_back(*r.content);
  }
  return list;
}

volume_content only_content(io::device& disk) {
  const auto contents = contents_of(survey_disk(disk, {}).layout);
  EXPECT_EQ(contents.size(), 1u);
  return contents.empty() ? volume_content{} : contents.front();
}

}  // namespace

TEST(disk_layout, tells_what_lies_in_each_partition) {
  const test::temp_dir dir;
  const auto disk = three_partitions(dir);
  const auto survey = survey_disk(*disk, {.cuts_on_files = false});
  const auto& layout = survey.layout;
  EXPECT_EQ(layout.size, 64 * mib);
  EXPECT_EQ(layout.table.kind, table::table_kind::gpt);
  EXPECT_THAT(layout.identity, testing::StartsWith("gpt:"));
  EXPECT_THAT(layout.notes, IsEmpty());
  const auto contents = contents_of(layout);
  ASSERT_EQ(contents.size(), 3u);
  EXPECT_EQ(contents[0].state, content_state::understood);
  EXPECT_EQ(contents[0].kind, "ext4");
  EXPECT_EQ(contents[0].label, "root");
  EXPECT_EQ(contents[0].id, "01234567-89ab-cdef-0123-456789abcdef");
  EXPECT_EQ(contents[0].size, 32 * mib);
  EXPECT_EQ(contents[0].cluster, 4096u);
  EXPECT_LT(contents[0].used.value(), 16 * mib);
  EXPECT_EQ(contents[1].state, content_state::marked);
  EXPECT_EQ(contents[1].kind, "minix");
  EXPECT_FALSE(contents[1].used.has_value());
  EXPECT_EQ(contents[2].state, content_state::unknown);
}

TEST(disk_layout, agrees_with_the_map_of_used_blocks) {
  const test::temp_dir dir;
  const auto disk = three_partitions(dir);
  const auto survey = survey_disk(*disk, {});
  const auto alone = allocation_of(*disk, {}).value();
  EXPECT_EQ(survey.map.used, alone.used);
  EXPECT_EQ(survey.map.files, alone.files);
  std::uint64_t free = 0;
  for (const auto& r : survey.layout.regions) {
    if (r.content && r.content->used) free += r.where.size - *r.content->used;
  }
  EXPECT_EQ(total_size(survey.map.used), 64 * mib - free);
}

TEST(disk_layout, of_a_file_system_on_the_whole_disk) {
  const test::temp_dir dir;
  const auto path = dir.at("disk");
  test::shell("mke2fs -q -F -t ext2 -L all " + path + " 16M");
  const auto content = only_content(*open_disk(path));
  EXPECT_EQ(content.kind, "ext2");
  EXPECT_EQ(content.label, "all");
  EXPECT_TRUE(content.used.has_value());
}

TEST(disk_layout, does_not_choose_between_two_formats) {
  const test::temp_dir dir;
  const auto path = dir.at("disk");
  test::shell("mke2fs -q -F -t ext4 " + path + " 16M");
  const auto disk = open_disk(path);
  ASSERT_TRUE(disk->write(0, as_bytes("dmvdo001")).has_value());
  const auto content = only_content(*disk);
  EXPECT_EQ(content.state, content_state::doubtful);
  EXPECT_EQ(content.kind, "ext4 and VDO");
  EXPECT_FALSE(content.used.has_value());
}

TEST(disk_layout, says_what_cannot_be_read) {
  const test::temp_dir dir;
  io::fault_plan plan;
  plan.unreadable = {{mib + 1024, 512}};
  const auto disk = io::make_faulty(three_partitions(dir), plan);
  const auto contents = contents_of(survey_disk(*disk, {}).layout);
  ASSERT_EQ(contents.size(), 3u);
  EXPECT_EQ(contents[0].state, content_state::unreadable);
  EXPECT_THAT(contents[0].notes, Contains(HasSubstr("copied whole")));
}

TEST(disk_layout, of_a_disk_whose_first_sector_cannot_be_read_is_one_region) {
  io::fault_plan plan;
  plan.unreadable = {{0, 512}};
  const auto disk = io::make_faulty(std::make_unique<io::memory_device>(mib), plan);
  const auto layout = survey_disk(*disk, {}).layout;
  ASSERT_EQ(layout.regions.size(), 1u);
  EXPECT_EQ(layout.regions[0].where, (table::region{region_kind::whole, 0, mib, 0, 0}));
  EXPECT_THAT(layout.notes, ElementsAre(HasSubstr("partition table")));
  EXPECT_EQ(layout.regions[0].content.value().state, content_state::unreadable);
}

TEST(disk_layout, of_an_empty_device_has_no_region) {
  io::memory_device disk(std::uint64_t{0});
  EXPECT_THAT(survey_disk(disk, {}).layout.regions, IsEmpty());
}

TEST(disk_layout, claims_a_table_that_a_partition_covers) {
  // The file system in partition 1 begins in the table's own sector, and knows nothing of it.
  const test::temp_dir dir;
  const auto path = dir.at("disk");
  test::shell("truncate -s 16M " + path + " && mke2fs -q -F -t ext4 -E offset=512 " + path +
              " 8M && printf "
              "'\\0\\0\\0\\0\\203\\0\\0\\0\\1\\0\\0\\0\\0\\100\\0\\0' | dd of=" +
              path + " bs=1 seek=446 conv=notrunc && printf '\\0\\0\\0\\0\\5\\0\\0\\0\\20\\0\\0\\0\\0\\20\\0\\0' | dd of=" +
              path + " bs=1 seek=462 conv=notrunc && printf '\\125\\252' | dd of=" + path + " bs=1 seek=510 conv=notrunc");
  const auto disk = open_disk(path);
  const auto survey = survey_disk(*disk, {});
  ASSERT_EQ(survey.layout.table.kind, table::table_kind::mbr);
  for (const auto& p : survey.layout.table.pieces) {
    EXPECT_THAT(subtract({{p.offset, p.size}}, survey.map.used), IsEmpty());
  }
}

}  // namespace umbra::registry
