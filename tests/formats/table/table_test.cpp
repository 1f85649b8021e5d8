// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/table/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/crc.hpp>

#include "engine/io/faulty_device.h"
#include "engine/io/file_device.h"
#include "engine/io/memory_device.h"
#include "formats/table/gpt.h"
#include "formats/table/mbr.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::table {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint64_t mib = 1 << 20;

// By number, place and kind; details_test looks at the rest.
auto lies(std::uint32_t number, std::uint64_t offset, std::uint64_t size, const std::string& kind) {
  return testing::AllOf(testing::Field("number", &partition::number, number),
                        testing::Field("offset", &partition::offset, offset), testing::Field("size", &partition::size, size),
                        testing::Field("kind", &partition::kind, kind));
}

template <class T>
void put(io::memory_device& disk, std::uint64_t offset, const T& value) {
  ASSERT_TRUE(disk.write(offset, bytes_of(value)).has_value());
}

mbr_entry entry(std::uint8_t type, std::uint32_t first, std::uint32_t sectors) {
  mbr_entry e{};
  e.type = type;
  e.first_sector = first;
  e.sectors = sectors;
  return e;
}

mbr_sector sector_of(std::initializer_list<mbr_entry> entries) {
  mbr_sector s{};
  std::copy(entries.begin(), entries.end(), s.entries);
  s.signature[0] = 0x55;
  s.signature[1] = 0xaa;
  return s;
}

// A disk that sfdisk partitioned by this script.
std::unique_ptr<io::device> made_by_sfdisk(const test::temp_dir& dir, const std::string& script,
                                           const std::string& options = "") {
  const auto path = dir.at("disk");
  test::shell("truncate -s 64M " + path + " && printf '" + script + "' | sfdisk -q " + options + " " + path);
  io::open_options writable;
  writable.mode = io::open_options::access::read_write;
  return std::move(io::open_device(path, writable).value());
}

const std::string gpt_script = "label: gpt\\n size=10M, type=uefi\\n size=20M, type=linux\\n size=4M, type=swap\\n";

std::uint32_t crc_of(byte_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

// A first header with a right checksum, whatever its numbers.
gpt_header gpt_of(std::uint32_t count, std::uint32_t entry_size, std::uint64_t entries, std::uint32_t entries_crc) {
  gpt_header h{};
  std::memcpy(h.signature, "EFI PART", 8);
  h.revision = 0x10000;
  h.header_size = 92;
  h.this_sector = 1;
  h.entries_sector = entries;
  h.entry_count = count;
  h.entry_size = entry_size;
  h.entries_crc = entries_crc;
  h.header_crc = crc_of(bytes_of(h));
  return h;
}

void corrupt(io::device& disk, std::uint64_t offset) {
  std::byte b{};
  ASSERT_TRUE(disk.read(offset, byte_span(&b, 1)).has_value());
  b ^= std::byte{1};
  ASSERT_TRUE(disk.write(offset, byte_view(&b, 1)).has_value());
}

void expect_three_partitions(const partition_table& table) {
  EXPECT_EQ(table.kind, table_kind::gpt);
  EXPECT_THAT(table.partitions,
              ElementsAre(lies(1, mib, 10 * mib, "EFI system"), lies(2, 11 * mib, 20 * mib, "Linux file system"),
                          lies(3, 31 * mib, 4 * mib, "Linux swap")));
}

}  // namespace

TEST(partition_table, of_an_empty_disk_is_none) {
  io::memory_device disk(mib);
  const auto table = read_partitions(disk).value();
  EXPECT_EQ(table.kind, table_kind::none);
  EXPECT_THAT(table.partitions, IsEmpty());
  EXPECT_THAT(table.notes, IsEmpty());
}

TEST(partition_table, of_a_disk_smaller_than_a_sector_is_none) {
  for (const std::uint64_t size : {0u, 1u, 511u, 512u, 513u}) {
    io::memory_device disk(size);
    EXPECT_EQ(read_partitions(disk).value().kind, table_kind::none);
  }
}

TEST(partition_table, fails_when_the_first_sector_cannot_be_read) {
  io::fault_plan plan;
  plan.unreadable = {{0, 512}};
  const auto disk = io::make_faulty(std::make_unique<io::memory_device>(mib), plan);
  EXPECT_TRUE(read_partitions(*disk).has_error());
}

TEST(partition_table, finds_primary_and_logical_partitions_of_sfdisk) {
  const test::temp_dir dir;
  const auto disk =
      made_by_sfdisk(dir,
                     "label: dos\\n start=63, size=2048, type=83\\n start=4096, size=2M, type=7\\n start=16384, size=40M, "
                     "type=5\\n start=18432, size=4M, type=83\\n start=32768, size=8M, type=82\\n");
  const auto table = read_partitions(*disk).value();
  EXPECT_EQ(table.kind, table_kind::mbr);
  EXPECT_THAT(table.notes, IsEmpty());
  EXPECT_THAT(table.partitions,
              ElementsAre(lies(1, 63 * 512, mib, "Linux file system"), lies(2, 2 * mib, 2 * mib, "NTFS or exFAT"),
                          lies(5, 9 * mib, 4 * mib, "Linux file system"), lies(6, 16 * mib, 8 * mib, "Linux swap")));
}

TEST(partition_table, leaves_overlapping_partitions_out_on_both_sides) {
  io::memory_device disk(8 * mib);
  put(disk, 0, sector_of({entry(0x83, 64, 1000), entry(0x83, 1000, 1000), entry(0x83, 4000, 10)}));
  const auto table = read_partitions(disk).value();
  EXPECT_THAT(table.partitions, ElementsAre(lies(3, 4000 * 512, 5120, "Linux file system")));
  EXPECT_THAT(table.notes, ElementsAre(HasSubstr("overlaps")));
}

TEST(partition_table, leaves_a_partition_out_that_lies_across_several_others) {
  io::memory_device disk(8 * mib);
  put(disk, 0, sector_of({entry(0x83, 64, 9000), entry(0x83, 1000, 10), entry(0x83, 4000, 10), entry(0x83, 9064, 8)}));
  EXPECT_THAT(read_partitions(disk).value().partitions, ElementsAre(lies(4, 9064 * 512, 4096, "Linux file system")));
}

TEST(partition_table, leaves_a_partition_out_that_sticks_out_of_the_disk) {
  io::memory_device disk(mib);
  put(disk, 0, sector_of({entry(0x83, 64, 64), entry(0x83, 1024, 0xffffffff)}));
  const auto table = read_partitions(disk).value();
  EXPECT_EQ(table.partitions.size(), 1u);
  EXPECT_THAT(table.notes, ElementsAre(HasSubstr("sticks out of the disk")));
}

TEST(partition_table, is_not_found_in_the_boot_sector_of_a_file_system) {
  io::memory_device disk(mib);
  auto boot = sector_of({entry(0x83, 64, 64)});
  boot.entries[2].boot = 0x6f;  // text or code
  put(disk, 0, boot);
  EXPECT_EQ(read_partitions(disk).value().kind, table_kind::none);
}

TEST(partition_table, does_not_follow_a_loop_of_logical_partitions_for_ever) {
  io::memory_device disk(mib);
  put(disk, 0, sector_of({entry(0x05, 100, 1000)}));
  put(disk, 100 * 512, sector_of({entry(0x83, 1, 1), entry(0x05, 10, 1)}));
  put(disk, 110 * 512, sector_of({entry(0x83, 1, 1), entry(0x05, 10, 1)}));
  EXPECT_THAT(read_partitions(disk).value().notes, testing::Contains(HasSubstr("more than 128 links")));
}

TEST(partition_table, says_when_a_chain_of_logical_partitions_breaks) {
  io::memory_device disk(mib);
  put(disk, 0, sector_of({entry(0x0f, 100, 1000)}));
  put(disk, 100 * 512, sector_of({entry(0x83, 1, 1), entry(0x05, 20, 1)}));
  const auto table = read_partitions(disk).value();
  EXPECT_EQ(table.partitions.size(), 1u);
  EXPECT_THAT(table.notes, ElementsAre(HasSubstr("no table")));
}

TEST(partition_table, does_not_follow_a_link_out_of_the_extended_partition) {
  io::memory_device disk(mib);
  put(disk, 0, sector_of({entry(0x05, 100, 50)}));
  put(disk, 100 * 512, sector_of({entry(0x83, 1, 1), entry(0x05, 60, 1)}));
  put(disk, 160 * 512, sector_of({entry(0x83, 1, 1)}));
  EXPECT_EQ(read_partitions(disk).value().partitions.size(), 1u);
}

TEST(partition_table, finds_gpt_partitions_of_sfdisk) {
  const test::temp_dir dir;
  const auto table = read_partitions(*made_by_sfdisk(dir, gpt_script)).value();
  expect_three_partitions(table);
  EXPECT_THAT(table.notes, IsEmpty());
}

TEST(partition_table, finds_a_gpt_of_4096_byte_sectors_on_a_device_that_says_512) {
  io::memory_device disk(mib);
  put(disk, 0, sector_of({entry(0xee, 1, 255)}));
  gpt_entry e{};
  e.type.a = 0x0fc63daf;
  e.first_sector = 20;
  e.last_sector = 29;
  put(disk, 2 * 4096, e);
  put(disk, 4096, gpt_of(1, 128, 2, crc_of(bytes_of(e))));
  EXPECT_THAT(read_partitions(disk).value().partitions,
              ElementsAre(lies(1, 20 * 4096, 10 * 4096, "type 0fc63daf-0000-0000-0000-000000000000")));
}

TEST(partition_table, turns_names_into_utf8_and_half_surrogates_into_replacements) {
  io::memory_device disk(mib);
  put(disk, 0, sector_of({entry(0xee, 1, 255)}));
  gpt_entry e{};
  e.type.a = 1;
  e.first_sector = 100;
  e.last_sector = 109;
  const std::uint16_t units[] = {'a', 0xd83d, 0xde00, 0xd83d, 'b', 0xde00, 0xe9, 0x20ac};
  std::copy(std::begin(units), std::end(units), e.name);
  put(disk, 1024, e);
  put(disk, 512, gpt_of(1, 128, 2, crc_of(bytes_of(e))));
  const auto table = read_partitions(disk).value();
  ASSERT_EQ(table.partitions.size(), 1u);
  EXPECT_EQ(table.partitions[0].name, "a\U0001f600\ufffdb\ufffd\u00e9\u20ac");
}

TEST(partition_table, falls_back_to_the_second_copy_of_a_gpt) {
  for (const std::uint64_t damage : {512u + 24u, 512u + 60u, 1024u + 40u}) {  // header, header, entries
    const test::temp_dir dir;
    const auto disk = made_by_sfdisk(dir, gpt_script);
    corrupt(*disk, damage);
    const auto table = read_partitions(*disk).value();
    expect_three_partitions(table);
    EXPECT_THAT(table.notes, testing::Contains(HasSubstr("copy at the end of the disk")));
  }
}

TEST(partition_table, gives_no_partition_when_both_copies_of_a_gpt_are_damaged) {
  const test::temp_dir dir;
  const auto disk = made_by_sfdisk(dir, gpt_script);
  corrupt(*disk, 1024 + 40);
  corrupt(*disk, 64 * mib - 512 + 60);
  const auto table = read_partitions(*disk).value();
  EXPECT_EQ(table.kind, table_kind::none);
  EXPECT_THAT(table.partitions, IsEmpty());
  EXPECT_THAT(table.notes, Not(IsEmpty()));
}

TEST(partition_table, ignores_a_leftover_gpt_below_an_mbr) {
  const test::temp_dir dir;
  const auto disk = made_by_sfdisk(dir, gpt_script);
  const auto mbr = sector_of({entry(0x83, 2048, 64)});
  ASSERT_TRUE(disk->write(0, bytes_of(mbr)).has_value());
  const auto table = read_partitions(*disk).value();
  EXPECT_EQ(table.kind, table_kind::mbr);
  EXPECT_EQ(table.partitions.size(), 1u);
}

TEST(partition_table, stands_a_gpt_with_hostile_numbers) {
  for (const auto& [count, size, place] : {std::tuple{0xffffffffu, 128u, std::uint64_t{2}},
                                           {128u, 0u, 2},
                                           {128u, 0x80000000u, 2},
                                           {128u, 128u, ~std::uint64_t{0}},
                                           {128u, 128u, ~std::uint64_t{0} / 512}}) {
    io::memory_device disk(mib);
    put(disk, 0, sector_of({entry(0xee, 1, 0xffffffff)}));
    put(disk, 512, gpt_of(count, size, place, 0));
    EXPECT_THAT(read_partitions(disk).value().partitions, IsEmpty());
  }
}

}  // namespace umbra::table
