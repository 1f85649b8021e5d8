// SPDX-License-Identifier: GPL-3.0-or-later
// Names, identifiers and flags, against what sfdisk and sgdisk say of the same disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "engine/io/file_device.h"
#include "engine/io/memory_device.h"
#include "formats/table/gpt.h"
#include "formats/table/mbr.h"
#include "formats/table/table.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::table {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t mib = 1 << 20;

std::unique_ptr<io::device> writable(const std::string& path) {
  io::open_options options;
  options.mode = io::open_options::access::read_write;
  return std::move(io::open_device(path, options).value());
}

partition_table table_of(const std::string& path) { return read_partitions(*writable(path)).value(); }

// Makes dir/disk, 64 MiB, by shell commands in which $D stands for it.
std::string disk_by(const test::temp_dir& dir, const std::string& commands) {
  const auto path = dir.at("disk");
  test::shell("D=" + path + "; rm -f $D; truncate -s 64M $D && " + commands);
  return path;
}

// An sfdisk script that names everything.
const std::string gpt_of_everything =
    "printf 'label: gpt\\nlabel-id: 11223344-5566-7788-99AA-BBCCDDEEFF00\\n"
    "size=10M, type=uefi, uuid=00112233-4455-6677-8899-AABBCCDDEEFF, name=\"EFI system\", attrs=\"RequiredPartition GUID:63\"\\n"
    "size=20M, type=linux, uuid=10112233-4455-6677-8899-AABBCCDDEEFF, attrs=LegacyBIOSBootable\\n' | sfdisk -q $D && "
    "sgdisk -c '2:Gr\u00fc\u00dfe' $D >/dev/null";

void flip(const std::string& path, std::uint64_t offset) {
  const auto disk = writable(path);
  std::byte b{};
  ASSERT_TRUE(disk->read(offset, byte_span(&b, 1)).has_value());
  b ^= std::byte{0x40};
  ASSERT_TRUE(disk->write(offset, byte_view(&b, 1)).has_value());
}

}  // namespace

TEST(gpt, tells_names_identifiers_and_attributes) {
  const test::temp_dir dir;
  const auto table = table_of(disk_by(dir, gpt_of_everything));
  EXPECT_EQ(table.id, "11223344-5566-7788-99aa-bbccddeeff00");
  EXPECT_EQ(table.sector, 512u);
  EXPECT_FALSE(table.hybrid);
  EXPECT_FALSE(table.boot_code);
  EXPECT_THAT(table.notes, IsEmpty());
  EXPECT_THAT(table.containers, IsEmpty());
  ASSERT_EQ(table.partitions.size(), 2u);
  EXPECT_EQ(table.partitions[0], (partition{.number = 1,
                                            .offset = mib,
                                            .size = 10 * mib,
                                            .kind = "EFI system",
                                            .type = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
                                            .id = "00112233-4455-6677-8899-aabbccddeeff",
                                            .name = "EFI system",
                                            .attributes = std::uint64_t{1} << 63 | 1,
                                            .boot = false}));
  EXPECT_EQ(table.partitions[1].name, "Gr\u00fc\u00dfe");
  EXPECT_EQ(table.partitions[1].attributes, 4u);
}

TEST(gpt, says_when_the_second_copy_is_damaged_or_gone) {
  const test::temp_dir dir;
  auto path = disk_by(dir, gpt_of_everything);
  flip(path, 64 * mib - 512 + 60);
  EXPECT_THAT(table_of(path).notes, ElementsAre(HasSubstr("GPT, copy at the end: header")));
  path = disk_by(dir, gpt_of_everything);
  flip(path, 64 * mib - 33 * 512 + 20);
  EXPECT_THAT(table_of(path).notes, ElementsAre(HasSubstr("GPT, copy at the end: entries")));
  path = disk_by(dir, gpt_of_everything + " && dd if=/dev/zero of=$D bs=512 seek=131071 count=1 conv=notrunc status=none");
  EXPECT_THAT(table_of(path).notes, ElementsAre("GPT: there is no second copy at the end of the disk"));
  EXPECT_EQ(table_of(path).partitions.size(), 2u);
}

TEST(gpt, finds_the_second_copy_of_a_disk_that_has_grown) {
  const test::temp_dir dir;
  const auto path = disk_by(dir, gpt_of_everything + " && truncate -s 80M $D");
  const auto table = table_of(path);
  EXPECT_THAT(table.notes, ElementsAre(HasSubstr("which has grown")));
  EXPECT_THAT(table.pieces, Contains(piece{piece_kind::gpt_backup_header, 64 * mib - 512, 512}));
  EXPECT_THAT(table.pieces, Contains(piece{piece_kind::gpt_backup_entries, 64 * mib - 33 * 512, 32 * 512}));
}

TEST(gpt, says_how_its_two_copies_differ) {
  const test::temp_dir dir;
  // The second copy of another disk, of the same size.
  const auto other = dir.at("other");
  test::shell("truncate -s 64M " + other + " && printf 'label: gpt\\nsize=30M\\n' | sfdisk -q " + other);
  const auto path = disk_by(
      dir, gpt_of_everything + " && dd if=" + other + " of=$D bs=512 skip=131039 seek=131039 count=33 conv=notrunc status=none");
  const auto table = table_of(path);
  EXPECT_THAT(table.notes, ElementsAre(HasSubstr("different GUIDs of the disk"), HasSubstr("different partitions")));
  EXPECT_EQ(table.partitions.size(), 2u);
  EXPECT_EQ(table.id, "11223344-5566-7788-99aa-bbccddeeff00");
}

TEST(gpt, notes_a_hybrid_mbr) {
  const test::temp_dir dir;
  const auto table = table_of(disk_by(dir, gpt_of_everything + " && sgdisk -h 2 $D >/dev/null"));
  EXPECT_EQ(table.kind, table_kind::gpt);
  EXPECT_TRUE(table.hybrid);
  EXPECT_THAT(table.notes, ElementsAre(HasSubstr("hybrid")));
  EXPECT_EQ(table.partitions.size(), 2u);
}

TEST(gpt, lies_where_its_headers_say) {
  const test::temp_dir dir;
  // sgdisk can move the first copy's entries.
  const auto table = table_of(disk_by(dir, "sgdisk -o -j 100 -n 1:4096:8191 $D >/dev/null"));
  EXPECT_THAT(table.pieces, ElementsAre(piece{piece_kind::mbr, 0, 512}, piece{piece_kind::gpt_header, 512, 512},
                                        piece{piece_kind::gpt_entries, 100 * 512, 32 * 512},
                                        piece{piece_kind::gpt_backup_entries, 64 * mib - 33 * 512, 32 * 512},
                                        piece{piece_kind::gpt_backup_header, 64 * mib - 512, 512}));
}

TEST(mbr, tells_signature_types_and_flags) {
  const test::temp_dir dir;
  const auto table = table_of(disk_by(dir,
                                      "printf 'label: dos\\nlabel-id: 0x1a2b3c4d\\nstart=2048, size=4M, type=7, bootable\\n"
                                      "start=16384, size=40M, type=f\\nstart=18432, size=4M, type=83\\n' | sfdisk -q $D && "
                                      "printf code | dd of=$D conv=notrunc status=none"));
  EXPECT_EQ(table.kind, table_kind::mbr);
  EXPECT_EQ(table.id, "1a2b3c4d");
  EXPECT_TRUE(table.boot_code);
  ASSERT_EQ(table.partitions.size(), 2u);
  EXPECT_EQ(table.partitions[0], (partition{.number = 1,
                                            .offset = mib,
                                            .size = 4 * mib,
                                            .kind = "NTFS or exFAT",
                                            .type = "0x07",
                                            .id = "1a2b3c4d-01",
                                            .name = {},
                                            .attributes = 0,
                                            .boot = true}));
  EXPECT_EQ(table.partitions[1].id, "1a2b3c4d-05");
  EXPECT_FALSE(table.partitions[1].boot);
  ASSERT_EQ(table.containers.size(), 1u);
  EXPECT_EQ(table.containers[0].number, 2u);
  EXPECT_EQ(table.containers[0].kind, "extended");
  EXPECT_EQ(table.containers[0].size, 40 * mib);
  EXPECT_THAT(table.pieces, ElementsAre(piece{piece_kind::mbr, 0, 512}, piece{piece_kind::ebr, 8 * mib, 512}));
}

TEST(mbr, of_a_volume_that_only_looks_like_one_leaves_nothing_behind) {
  io::memory_device disk(mib);
  mbr_sector boot{};
  boot.disk = 0x12345678;
  boot.code[0] = 0xeb;
  boot.signature[0] = 0x55;
  boot.signature[1] = 0xaa;
  ASSERT_TRUE(disk.write(0, bytes_of(boot)).has_value());
  const auto table = read_partitions(disk).value();
  EXPECT_EQ(table.kind, table_kind::none);
  EXPECT_EQ(table.id, "");
  EXPECT_FALSE(table.boot_code);
  EXPECT_THAT(table.pieces, IsEmpty());
}

}  // namespace umbra::table
