// SPDX-License-Identifier: GPL-3.0-or-later
// Volumes made by mkntfs and filled by ntfscp; the oracles are $Bitmap as ntfscat reads it and the files' bytes at the places
// told.
#include "formats/fs/ntfs.h"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>

#include "engine/io/faulty_device.h"
#include "engine/io/file_device.h"
#include "tests/formats/fs/ntfs_kit.h"

namespace umbra::fs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct made {
  const char* name;
  const char* options;
  const char* size;
};

void PrintTo(const made& m, std::ostream* out) { *out << m.name; }

constexpr made kinds[] = {
    {"clusters_512", "-c 512", "20M"},
    {"clusters_1k", "-c 1024", "24M"},
    {"clusters_4k", "-c 4096", "32M"},
    {"clusters_64k", "-c 65536", "48M"},
    {"clusters_256k", "-c 262144", "64M"},
    {"clusters_2m", "-c 2097152", "160M"},
    {"sectors_1k", "-s 1024 -c 2048", "24M"},
    {"sectors_4k", "-s 4096 -c 4096", "32M"},
    {"sectors_4k_clusters_64k", "-s 4096 -c 65536", "64M"},
    {"odd_size", "-c 4096", "22222222"},
};

// Every 512 bytes of a file say which file and where in it.
std::string sector_text(int file, std::uint64_t offset) {
  auto text = fmt::format("file {} at {};", file, offset);
  text.resize(512, '.');
  return text;
}

std::string contents_of(int file, std::uint64_t size) {
  std::string text;
  for (std::uint64_t at = 0; at < size; at += 512) text += sector_text(file, at);
  text.resize(size);
  return text;
}

const std::map<int, std::uint64_t> file_sizes{{1, 5000},    {2, 16 << 10},      {3, (16 << 10) - 1}, {4, 100000},
                                              {5, 3 << 20}, {6, (1 << 20) + 7}, {7, 300 << 10},      {8, 200}};

// What $Bitmap and what lies outside of the clusters say.
range_list used_by_bitmap(const made_ntfs& volume, const ntfs_disk& disk) {
  const auto bits = volume.ask("ntfscat -f -i 6 {}");
  const auto& g = disk.geometry();
  range_list used{{0, 16 * g.sector}, {g.clusters_end(), disk.size() - g.clusters_end()}};
  for (std::uint64_t c = 0; c < g.clusters; ++c) {
    if ((bits[c / 8] >> c % 8 & 1) != 0) used.push_back({c * g.cluster, g.cluster});
  }
  normalise(used);
  return used;
}

// Every told extent must hold the bytes of one file from its file offset on; answers bytes told for each file.
std::map<int, std::uint64_t> check_extents(ntfs_disk& disk, const std::vector<plan::file_extent>& files) {
  std::map<int, std::uint64_t> told;
  for (const auto& f : files) {
    const auto text = as_text(disk.at(f.offset, f.size));
    EXPECT_TRUE(text.starts_with("file ")) << f.offset;
    const auto file = std::stoi(std::string(text.substr(5, 3)));
    told[file] += f.size;
    for (std::uint64_t at = 0; at < f.size; at += 512) {
      const auto offset = f.file_offset + at;
      if (offset + 512 > file_sizes.at(file)) break;
      EXPECT_EQ(text.substr(at, 512), sector_text(file, offset));
    }
  }
  return told;
}

class ntfs_kinds : public testing::TestWithParam<made> {};

}  // namespace

TEST_P(ntfs_kinds, use_what_the_bitmap_claims_and_have_files_where_their_bytes_are) {
  made_ntfs made(GetParam().options, GetParam().size);
  for (const auto& [file, size] : file_sizes) made.add(std::to_string(file), contents_of(file, size));
  auto disk = made.disk();
  const auto map = disk.map();
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("used")));
  EXPECT_EQ(map.used, used_by_bitmap(made, disk));
  EXPECT_NE(map.used, disk.whole());

  EXPECT_TRUE(std::ranges::is_sorted(map.files, {}, &plan::file_extent::offset));
  auto told = check_extents(disk, map.files);
  for (const auto& [file, size] : file_sizes) {
    if (size < plan::file_extent_minimum) {
      EXPECT_EQ(told.count(file), 0u) << "file " << file;
    } else {
      EXPECT_GE(told[file], size) << "file " << file;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(mkntfs, ntfs_kinds, testing::ValuesIn(kinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

namespace {

// The volume must be copied whole, for a reason with these words, and its files are not to be left out.
void expect_doubt(ntfs_disk& disk, const std::string& words) {
  const auto volume = disk.volume();
  ASSERT_NE(volume, nullptr);
  const auto map = volume->used_blocks({}).value();
  EXPECT_EQ(map.used, disk.whole()) << words;
  EXPECT_THAT(map.files, IsEmpty());
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr(words)));
  EXPECT_TRUE(volume->find_files(plan::path_patterns({"*"})).has_error());
}

ntfs_disk plain() { return ntfs_disk::seed("files_512"); }

// Two restart pages of 4096 bytes, fixed up; `ages` and `flags` of each.
void write_log(ntfs_disk& disk, std::array<std::uint64_t, 2> ages, std::array<std::uint16_t, 2> flags, std::uint16_t client = 0) {
  const auto log = disk.data_at(ntfs_file::log);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto page = disk.at(log + i * 4096, 4096);
    std::ranges::fill(page, std::byte{0});
    ntfs_restart_page head{};
    std::ranges::copy(std::string_view("RSTR"), head.guard.magic);
    head.guard.fixups_offset = 30;
    head.guard.fixups = 9;
    head.system_page = 4096;
    head.log_page = 4096;
    head.area_offset = 64;
    head.major = 1;
    head.minor = 1;
    std::ranges::copy(bytes_of(head), page.begin());
    ntfs_restart_area area{};
    area.log_number = ages[i];
    area.used_clients = client;
    area.flags = flags[i];
    std::ranges::copy(bytes_of(area), page.begin() + 64);
  }
}

}  // namespace

TEST(ntfs_volume, is_nothing_without_a_boot_sector) {
  for (const std::uint64_t size : {0u, 511u, 512u, 4096u, 65536u}) {
    io::memory_device device(size);
    EXPECT_EQ(recognise_ntfs(device).value(), nullptr);
    EXPECT_EQ(recognise_ntfs_by_backup(device).value(), nullptr);
  }
}

TEST(ntfs_volume, tells_its_label_its_serial_as_blkid_does_and_its_size) {
  made_ntfs made("-c 4096 -L 'Daten ü'", "24M");
  auto disk = made.disk();
  const auto facts = disk.volume()->facts();
  EXPECT_EQ(facts.kind, "NTFS");
  EXPECT_EQ(facts.label, "Daten ü");
  EXPECT_EQ(facts.id + "\n", made.ask("blkid -p -s UUID -o value {}"));
  EXPECT_EQ(facts.size, disk.size());
  EXPECT_EQ(facts.cluster, 4096u);
}

TEST(ntfs_volume, with_a_damaged_boot_sector_is_read_by_the_copy) {
  auto disk = plain();
  const auto map = disk.map();
  disk.fill(11, 60, 0xee);
  const auto by_copy = disk.map();
  EXPECT_EQ(by_copy.used, map.used);
  EXPECT_THAT(by_copy.notes, Contains(HasSubstr("copy at the volume's end")));

  disk.fill(0, 512, 0);
  EXPECT_EQ(disk.volume(), nullptr);
  const auto last_resort = recognise_ntfs_by_backup(disk.device()).value();
  ASSERT_NE(last_resort, nullptr);
  EXPECT_EQ(last_resort->used_blocks({}).value().used, map.used);
}

TEST(ntfs_volume, is_not_a_disk_at_whose_end_another_volume_ends) {
  auto disk = plain();
  std::vector<std::byte> larger(1 << 20);
  const auto part = disk.at(0, disk.size());
  larger.insert(larger.end(), part.begin(), part.end());
  io::memory_device device(larger);
  EXPECT_EQ(recognise_ntfs_by_backup(device).value(), nullptr);
}

TEST(ntfs_volume, without_any_sound_boot_sector_is_copied_whole) {
  auto disk = plain();
  disk.fill(11, 60, 0xee);
  disk.fill(disk.size() - 512, 512, 0);
  expect_doubt(disk, "boot sector");
}

TEST(ntfs_volume, larger_than_its_device_is_copied_whole) {
  auto disk = plain();
  const auto shorter = disk.at(0, disk.size() - 4096);
  ntfs_disk original = plain();
  io::memory_device device(std::vector<std::byte>(shorter.begin(), shorter.end()));
  const auto map = recognise_ntfs(device).value()->used_blocks({}).value();
  EXPECT_EQ(total_size(map.used), device.geometry().size);
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("larger than its volume")));
}

TEST(ntfs_volume, uses_what_lies_behind_the_file_system) {
  auto disk = plain();
  auto bytes = std::vector<std::byte>(disk.at(0, disk.size()).begin(), disk.at(0, disk.size()).end());
  bytes.resize(bytes.size() + 12345);
  ntfs_disk longer(bytes);
  EXPECT_EQ(longer.map().used.back().end(), longer.size());
  EXPECT_LE(longer.map().used.back().offset, disk.size() - 512);
}

TEST(ntfs_volume, marked_dirty_is_copied_whole) {
  auto disk = plain();
  const auto info = disk.attribute(ntfs_file::volume, ntfs_attribute_type::volume_information) + 24;
  disk.fill(info + 10, 1, 1);
  disk.mirror();
  expect_doubt(disk, "dirty");
  disk.fill(info + 10, 1, 0);
  disk.fill(info + 11, 1, 0x40);
  disk.mirror();
  expect_doubt(disk, "check of the volume");
  disk.fill(info + 11, 1, 0x08);
  disk.mirror();
  expect_doubt(disk, "unknown flags");
}

TEST(ntfs_volume, marked_dirty_by_ntfsfix_is_copied_whole) {
  made_ntfs made("-c 4096", "24M");
  made.ask("ntfsfix {}");
  auto disk = made.disk();
  expect_doubt(disk, "dirty");
}

TEST(ntfs_volume, of_an_unknown_version_is_copied_whole) {
  auto disk = plain();
  disk.fill(disk.attribute(ntfs_file::volume, ntfs_attribute_type::volume_information) + 24 + 8, 1, 4);
  disk.mirror();
  expect_doubt(disk, "unknown version 4.1");
}

TEST(ntfs_volume, with_a_closed_log_is_understood) {
  auto disk = plain();
  const auto used = disk.map().used;
  write_log(disk, {7, 9}, {0, ntfs_log_clean});
  EXPECT_EQ(disk.map().used, used);
  write_log(disk, {9, 7}, {ntfs_log_clean, 0});
  EXPECT_EQ(disk.map().used, used);
  write_log(disk, {9, 7}, {0, 0}, ntfs_no_client);
  EXPECT_EQ(disk.map().used, used);
}

TEST(ntfs_volume, with_a_log_that_is_not_closed_is_copied_whole) {
  auto disk = plain();
  write_log(disk, {7, 9}, {ntfs_log_clean, 0});
  expect_doubt(disk, "$LogFile: not closed");
  write_log(disk, {9, 7}, {0, ntfs_log_clean});
  expect_doubt(disk, "$LogFile: not closed");
  write_log(disk, {9, 9}, {0, ntfs_log_clean});
  expect_doubt(disk, "$LogFile: not closed");
}

TEST(ntfs_volume, with_a_log_that_makes_no_sense_is_copied_whole) {
  auto disk = plain();
  const auto log = disk.data_at(ntfs_file::log);
  disk.fill(log + 70000, 1, 0);
  disk.fill(log, 4096, 0);
  expect_doubt(disk, "$LogFile");
  write_log(disk, {7, 9}, {ntfs_log_clean, ntfs_log_clean});
  disk.fill(log + 4096 + 1022, 1, 1);
  expect_doubt(disk, "only part of it was written");
  write_log(disk, {7, 9}, {ntfs_log_clean, ntfs_log_clean});
  disk.fill(log + 4096, 512, 0xff);
  expect_doubt(disk, "$LogFile");
}

TEST(ntfs_volume, whose_log_is_empty_only_at_its_beginning_is_copied_whole) {
  auto disk = plain();
  disk.put(disk.data_at(ntfs_file::log) + 8192, "RCRD");
  expect_doubt(disk, "$LogFile");
}

TEST(ntfs_volume, whose_mirror_differs_is_copied_whole) {
  auto disk = plain();
  disk.fill(disk.geometry().mirror_cluster * disk.geometry().cluster + 3 * disk.geometry().record + 100, 4, 0x77);
  expect_doubt(disk, "$MFTMirr");
}

TEST(ntfs_volume, with_a_half_written_record_is_copied_whole) {
  for (const std::uint64_t number : {0u, 3u, 6u, 9u, 64u}) {
    auto disk = plain();
    disk.fill(disk.record(number) + 1022, 2, 0x13);
    expect_doubt(disk, "only part of it was written");
  }
}

TEST(ntfs_volume, with_a_record_that_is_none_is_copied_whole) {
  auto disk = plain();
  disk.put(disk.record(64), "BAAD");
  expect_doubt(disk, "file record 64");
}

TEST(ntfs_volume, with_runs_that_make_no_sense_is_copied_whole) {
  for (const auto& runs : {"\x21\x04\xff\x7f", "\x31\xff\x01\x01\x01", "\x00\x00\x00\x00", "\x99\x01\x01\x01", "\x11\x01\x81"}) {
    auto disk = plain();
    const auto file = disk.some_file();
    const auto data = disk.attribute(file, ntfs_attribute_type::data);
    disk.put(data + 64, std::string_view(runs, 4));
    const auto map = disk.map();
    EXPECT_EQ(map.used, disk.whole());
    EXPECT_THAT(map.notes, ElementsAre(HasSubstr(fmt::format("file record {}", file))));
  }
}

TEST(ntfs_volume, uses_what_files_have_even_if_the_bitmap_denies_it) {
  auto disk = plain();
  const auto exact = disk.map();
  disk.fill(disk.data_at(ntfs_file::bitmap), static_cast<std::size_t>(div_up(disk.geometry().clusters, 8)), 0);
  const auto map = disk.map();
  EXPECT_THAT(map.notes, Contains(HasSubstr("$Bitmap calls free")));
  // All clusters belong to some file.
  EXPECT_EQ(map.used, exact.used);
}

TEST(ntfs_volume, uses_what_the_bitmap_claims_even_if_no_file_has_it) {
  auto disk = plain();
  disk.fill(disk.data_at(ntfs_file::bitmap), static_cast<std::size_t>(div_up(disk.geometry().clusters, 8)), 0xff);
  EXPECT_EQ(total_size(disk.map().used), disk.size());
}

TEST(ntfs_volume, with_too_small_a_bitmap_is_copied_whole) {
  auto disk = plain();
  disk.fill(disk.attribute(ntfs_file::bitmap, ntfs_attribute_type::data) + 48, 8, 0);
  expect_doubt(disk, "$Bitmap: too small");
}

TEST(ntfs_volume, with_unreadable_structures_is_copied_whole) {
  made_ntfs made("-c 4096", "24M");
  auto disk = made.disk();
  for (const auto& [offset, words] : std::map<std::uint64_t, const char*>{{disk.data_at(ntfs_file::bitmap), "$Bitmap"},
                                                                          {disk.record(0), "$MFT"},
                                                                          {disk.record(20), "$MFT"},
                                                                          {disk.data_at(ntfs_file::log), "$LogFile"},
                                                                          {disk.data_at(ntfs_file::mirror), "$MFTMirr"}}) {
    io::fault_plan plan;
    plan.unreadable = {{offset, 512}};
    const auto device = io::make_faulty(std::move(io::open_device(made.path(), {}).value()), plan);
    const auto map = recognise_ntfs(*device).value()->used_blocks({}).value();
    EXPECT_EQ(map.used, disk.whole());
    EXPECT_THAT(map.notes, ElementsAre(HasSubstr(words)));
  }
}

TEST(ntfs_volume, tells_at_most_as_many_extents_as_asked) {
  auto disk = plain();
  plan::scan_options few;
  few.file_extent_limit = 2;
  const auto map = disk.map(few);
  EXPECT_EQ(map.files.size(), 2u);
  EXPECT_THAT(map.notes, Contains(HasSubstr("not all files")));
  few.files = false;
  EXPECT_THAT(disk.map(few).files, IsEmpty());
  EXPECT_THAT(disk.map(few).notes, ElementsAre(HasSubstr("used")));
}

TEST(ntfs_volume, counts_the_rest_as_used_when_there_are_too_many_ranges) {
  auto disk = plain();
  const auto exact = disk.map().used;
  ASSERT_GT(exact.size(), 3u);
  plan::scan_options few;
  few.used_range_limit = 2;
  const auto coarse = disk.map(few);
  EXPECT_THAT(subtract(exact, coarse.used), IsEmpty());
  EXPECT_LT(total_size(exact), total_size(coarse.used));
  EXPECT_THAT(coarse.notes, Contains(HasSubstr("too many ranges")));
}

TEST(ntfs_volume, with_its_table_in_many_pieces_is_understood) {
  auto disk = ntfs_disk::seed("mft_fragmented");
  ASSERT_GT(disk.data(ntfs_file::mft).runs.size(), 200u);
  const auto map = disk.map();
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("used")));
  EXPECT_NE(map.used, disk.whole());
  auto places = disk.data(ntfs_file::mft).places(disk.geometry());
  normalise(places);
  EXPECT_THAT(subtract(places, map.used), IsEmpty());
}

TEST(ntfs_volume, has_files_in_many_pieces_behind_an_attribute_list) {
  auto disk = ntfs_disk::seed("fragmented");
  const auto map = disk.map();
  const auto files = disk.volume()->find_files(plan::path_patterns({"/frag"})).value();
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].size, 450u * 512 + 60000);
  EXPECT_GT(files[0].data.size(), 300u);
  EXPECT_GE(total_size(files[0].data), files[0].size);
  EXPECT_THAT(subtract(files[0].data, map.used), IsEmpty());
  range_list told;
  for (const auto& f : map.files) told.push_back({f.offset, f.size});
  normalise(told);
  EXPECT_EQ(told, files[0].data);
}

TEST(ntfs_volume, tells_no_extents_of_compressed_files_and_leaves_holes_out) {
  auto disk = ntfs_disk::seed("compressed_4k");
  const auto map = disk.map();
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("used")));
  // /sparse has one cluster at byte 150000; /packed/text of 200000 bytes is not told.
  ASSERT_EQ(map.files.size(), 1u);
  EXPECT_EQ(map.files[0].size, 4096u);
  EXPECT_EQ(map.files[0].file_offset, 147456u);
  const auto files = disk.volume()->find_files(plan::path_patterns({"/packed/*"})).value();
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].size, 200000u);
  EXPECT_THAT(subtract(files[0].data, map.used), IsEmpty());
  EXPECT_LT(total_size(files[0].data), 100000u);
}

}  // namespace umbra::fs
