// SPDX-License-Identifier: GPL-3.0-or-later
// Real file systems made by mke2fs; the oracles are dumpe2fs (free blocks) and the files' bytes at the places told.
#include "formats/fs/ext.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/io/faulty_device.h"
#include "engine/io/memory_device.h"
#include "tests/formats/fs/ext_kit.h"

namespace umbra::fs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr made kinds[] = {
    {"ext2_1k", "-t ext2 -b 1024", "24M"},
    {"ext2_4k", "-t ext2 -b 4096", "32M"},
    {"ext2_revision_0", "-t ext2 -r 0", "24M"},
    {"ext3_1k", "-t ext3 -b 1024", "32M"},
    {"ext3_4k", "-t ext3 -b 4096", "40M"},
    {"ext4_1k", "-t ext4 -b 1024", "200M"},
    {"ext4_4k", "-t ext4 -b 4096", "300M"},
    {"ext4_64bit", "-t ext4 -b 4096 -O 64bit", "300M"},
    {"ext4_32bit", "-t ext4 -b 4096 -O ^64bit", "300M"},
    {"bigalloc", "-t ext4 -b 4096 -O bigalloc -C 65536", "300M"},
    {"bigalloc_1k", "-t ext4 -b 1024 -O bigalloc -C 16384", "100M"},
    {"meta_bg", "-t ext4 -b 1024 -O meta_bg,^resize_inode", "300M"},
    {"no_flex_bg", "-t ext4 -b 1024 -O ^flex_bg", "100M"},
    {"uninit_bg", "-t ext4 -b 1024 -O ^metadata_csum,uninit_bg", "200M"},
    {"no_checksums", "-t ext4 -O ^metadata_csum,^uninit_bg", "100M"},
    {"no_journal", "-t ext4 -O ^has_journal", "100M"},
    {"sparse_super2", "-t ext4 -b 1024 -O sparse_super2", "100M"},
    {"inline_data", "-t ext4 -I 512 -O inline_data,orphan_file", "100M"},
    {"odd_size", "-t ext4 -b 1024", "33333k"},
    {"block_64k", "-t ext4 -b 65536", "300M"},
};

// Every told extent must hold the bytes of one file from its file offset on; answers bytes told for each file.
std::map<int, std::uint64_t> check_extents(io::device& volume, const std::vector<plan::file_extent>& files) {
  std::map<int, std::uint64_t> told;
  for (const auto& f : files) {
    std::vector<std::byte> bytes(f.size);
    EXPECT_TRUE(volume.read(f.offset, bytes).has_value());
    const auto text = as_text(bytes);
    if (!text.starts_with("file ")) continue;  // the orphan file
    const auto file = std::stoi(std::string(text.substr(5, 3)));
    told[file] += f.size;
    for (std::uint64_t at = 0; at < f.size; at += 512) {
      const auto offset = f.file_offset + at;
      if (file != 9 && offset + 512 > file_sizes.at(file)) break;
      EXPECT_EQ(text.substr(at, 512), sector_text(file, offset));
    }
  }
  return told;
}

class ext_kinds : public testing::TestWithParam<made> {};

}  // namespace

// One test, because making a volume is what takes time.
TEST_P(ext_kinds, have_the_free_blocks_of_dumpe2fs_and_the_files_where_their_bytes_are) {
  const made_volume volume(GetParam());
  const auto device = volume.open();
  const auto map = map_of(*device);
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("used")));
  const auto free = free_of_dumpe2fs(volume.path());
  ASSERT_THAT(free, Not(IsEmpty()));
  EXPECT_EQ(subtract(whole(*device), map.used), free);

  const auto& files = map.files;
  EXPECT_TRUE(std::ranges::is_sorted(files, {}, &plan::file_extent::offset));
  for (std::size_t i = 1; i < files.size(); ++i) EXPECT_LE(files[i - 1].end(), files[i].offset);
  auto told = check_extents(*device, files);
  for (const auto& [file, size] : file_sizes) {
    if (size < plan::file_extent_minimum) {
      EXPECT_EQ(told.count(file), 0u);
    } else {
      EXPECT_GE(told[file], size) << "file " << file;
    }
  }
  EXPECT_GE(told[9], 2u * (64 << 10));
}

INSTANTIATE_TEST_SUITE_P(mke2fs, ext_kinds, testing::ValuesIn(kinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

namespace {

constexpr made plain{"plain", "-t ext4 -b 1024", "32M"};
constexpr made old{"old", "-t ext2 -b 1024", "32M"};

// The volume must be copied whole, for a reason with these words.
void expect_doubt(const made& how, const std::string& command, const std::string& words) {
  made_volume volume(how);
  volume.run(command);
  const auto device = volume.open();
  const auto map = map_of(*device);
  EXPECT_EQ(map.used, whole(*device)) << command;
  EXPECT_THAT(map.files, IsEmpty());
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr(words)));
}

}  // namespace

TEST(ext_volume, is_nothing_without_a_superblock) {
  for (const std::uint64_t size : {0u, 1024u, 2047u, 2048u, 65536u}) {
    io::memory_device device(size);
    EXPECT_EQ(recognise_ext(device).value(), nullptr);
  }
}

TEST(ext_volume, not_cleanly_unmounted_is_copied_whole) {
  expect_doubt(old, "debugfs -w -R 'set_super_value state 0' {}", "not cleanly unmounted");
}

TEST(ext_volume, with_errors_is_copied_whole) {
  expect_doubt(plain, "debugfs -w -R 'set_super_value state 3' {}", "found errors");
}

TEST(ext_volume, with_unknown_features_is_copied_whole) {
  expect_doubt(plain, "debugfs -w -R 'set_super_value feature_incompat 0x800002c2' {}", "unknown incompat feature 0x80000000");
  expect_doubt(plain, "debugfs -w -R 'set_super_value feature_ro_compat 0x4000046b' {}", "unknown ro_compat feature 0x40000000");
}

TEST(ext_volume, with_a_damaged_superblock_is_copied_whole) {
  expect_doubt(plain, "printf x | dd of={} bs=1 seek=1150 conv=notrunc", "checksum");
}

TEST(ext_volume, smaller_than_its_file_system_is_copied_whole) {
  expect_doubt(plain, "truncate -s 20M {}", "larger than its volume");
}

TEST(ext_volume, that_is_an_external_journal_is_copied_whole) {
  expect_doubt(old, "mke2fs -q -F -O journal_dev -b 1024 {}", "external journal");
}

TEST(ext_volume, with_a_damaged_bitmap_is_copied_whole) {
  for (const auto& how : {plain, old}) {  // found by checksum, and by count
    const made_volume volume(how);
    const auto device = volume.open(io::open_options::access::read_write);
    const auto at = place_of(volume, "Block bitmap") * 1024 + 600;
    const auto block = std::byte{0x5a};
    ASSERT_TRUE(device->write(at, byte_view(&block, 1)).has_value());
    const auto map = map_of(*device);
    EXPECT_EQ(map.used, whole(*device));
    EXPECT_THAT(map.notes, ElementsAre(HasSubstr("group 0")));
  }
}

TEST(ext_volume, with_a_damaged_group_descriptor_is_copied_whole) {
  expect_doubt(plain, "printf xx | dd of={} bs=1 seek=2060 conv=notrunc", "group 0");
}

TEST(ext_volume, with_an_unreadable_bitmap_is_copied_whole) {
  const made_volume volume(plain);
  io::fault_plan plan;
  plan.unreadable = {{place_of(volume, "Block bitmap") * 1024, 512}};
  const auto device = io::make_faulty(volume.open(), plan);
  const auto map = map_of(*device);
  EXPECT_EQ(map.used, whole(*device));
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("bitmap")));
}

TEST(ext_volume, with_an_unreadable_inode_table_still_has_its_free_blocks) {
  const made_volume volume(plain);
  io::fault_plan plan;
  plan.unreadable = {{place_of(volume, "Inode table") * 1024, 512}};
  const auto device = io::make_faulty(volume.open(), plan);
  const auto map = map_of(*device);
  EXPECT_EQ(subtract(whole(*device), map.used), free_of_dumpe2fs(volume.path()));
  EXPECT_THAT(map.notes, testing::Contains(HasSubstr("not all files")));
}

TEST(ext_volume, uses_what_lies_behind_the_file_system) {
  made_volume volume(plain);
  volume.run("truncate -s 33554777 {}");
  const auto device = volume.open();
  EXPECT_EQ(map_of(*device).used.back().end(), 33554777u);
}

TEST(ext_volume, has_its_own_structures_in_use_even_if_a_bitmap_denies_it) {
  made_volume volume(old);
  const auto inode_table = place_of(volume, "Inode table");
  // freeb keeps the count right, so the bitmap looks healthy.
  volume.run(fmt::format("debugfs -w -R 'freeb {}' {{}}", inode_table + 2));
  const auto device = volume.open();
  const auto used = map_of(*device).used;
  EXPECT_EQ(clip(used, {inode_table * 1024, 8192}), (range_list{{inode_table * 1024, 8192}}));
}

TEST(ext_volume, tells_at_most_as_many_extents_as_asked) {
  const made_volume volume(plain);
  const auto device = volume.open();
  plan::scan_options few;
  few.file_extent_limit = 2;
  const auto map = map_of(*device, few);
  EXPECT_EQ(map.files.size(), 2u);
  EXPECT_THAT(map.notes, testing::Contains(HasSubstr("not all files")));
}

TEST(ext_volume, counts_the_rest_as_used_when_there_are_too_many_ranges) {
  const made_volume volume(plain);
  const auto device = volume.open();
  plan::scan_options few;
  few.used_range_limit = 3;
  const auto exact = map_of(*device).used;
  const auto coarse = map_of(*device, few);
  EXPECT_THAT(subtract(exact, coarse.used), IsEmpty());
  EXPECT_LT(total_size(exact), total_size(coarse.used));
  EXPECT_EQ(coarse.used.back().end(), device->geometry().size);
}

TEST(ext_volume, without_files_wanted_tells_none) {
  const made_volume volume(plain);
  const auto device = volume.open();
  plan::scan_options none;
  none.files = false;
  EXPECT_THAT(map_of(*device, none).files, IsEmpty());
}

}  // namespace umbra::fs
