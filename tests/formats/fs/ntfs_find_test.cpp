// SPDX-License-Identifier: GPL-3.0-or-later
// Files by their paths and owners of ranges, on the volume "files_512": pagefile.sys, hiberfil.sys and swapfile.sys of 20000
// bytes, a file of 30000 with two GUIDs for a name in "System Volume Information", /a/b/small in its record, and /a/b/Größe of
// 40000, which is /a/second, too.
#include <gmock/gmock.h>

#include "tests/formats/fs/ntfs_kit.h"

namespace umbra::fs {
namespace {

using plan::owner_kind;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* shadow_storage = "{3808876b-c176-4e48-b7ae-04046e6cc752}{12345678-1234-1234-1234-123456789abc}";

ntfs_disk plain() { return ntfs_disk::seed("files_512"); }

std::vector<std::string> paths(ntfs_disk& disk, const std::vector<std::string>& patterns) {
  const auto files = disk.volume()->find_files(plan::path_patterns(patterns));
  EXPECT_TRUE(files.has_value()) << files.error().message();
  std::vector<std::string> list;
  for (const auto& f : files.value()) list.push_back(f.path);
  return list;
}

plan::file_data one(ntfs_disk& disk, const std::string& path) {
  auto files = disk.volume()->find_files(plan::path_patterns({path})).value();
  EXPECT_EQ(files.size(), 1u) << path;
  return files.empty() ? plan::file_data() : files[0];
}

std::vector<plan::range_owner> owners_of(ntfs_disk& disk) { return disk.volume()->owners(disk.whole()).value(); }

// Whose the first byte of a range is.
plan::range_owner owner_of(ntfs_disk& disk, std::uint64_t offset) { return disk.volume()->owners({{offset, 1}}).value().at(0); }

}  // namespace

TEST(ntfs_find, finds_files_by_path_in_any_case) {
  auto disk = plain();
  EXPECT_THAT(paths(disk, {"/pagefile.sys", "/HIBERFIL.SYS", "/swapfile.sys"}),
              ElementsAre("/hiberfil.sys", "/pagefile.sys", "/swapfile.sys"));
  EXPECT_THAT(paths(disk, {"/system volume information/{*}{*}"}),
              ElementsAre(std::string("/System Volume Information/") + shadow_storage));
  EXPECT_THAT(paths(disk, {"/a/**/small"}), ElementsAre("/a/b/small"));
  EXPECT_THAT(paths(disk, {"small"}), ElementsAre("/a/b/small"));
  EXPECT_THAT(paths(disk, {"/small", "/a/b", "/b/small"}), IsEmpty());
  EXPECT_THAT(paths(disk, {}), IsEmpty());
}

TEST(ntfs_find, tells_a_file_of_two_names_once_by_a_name_that_matches) {
  auto disk = plain();
  EXPECT_THAT(paths(disk, {"/a/second"}), ElementsAre("/a/second"));
  EXPECT_THAT(paths(disk, {"/a/b/Größe"}), ElementsAre("/a/b/Größe"));
  EXPECT_EQ(paths(disk, {"/a/**"}).size(), 2u);
}

TEST(ntfs_find, never_answers_with_what_belongs_to_the_file_system) {
  auto disk = plain();
  const auto all = paths(disk, {"**"});
  EXPECT_EQ(all.size(), 6u);
  for (const auto& path : all) EXPECT_EQ(path.find('$'), std::string::npos) << path;
}

TEST(ntfs_find, tells_where_the_data_lie_and_how_large_they_are) {
  auto disk = plain();
  const auto file = one(disk, "/pagefile.sys");
  EXPECT_EQ(file.size, 20000u);
  EXPECT_EQ(total_size(file.data), 20480u);
  EXPECT_THAT(subtract(file.data, disk.map().used), IsEmpty());
  const auto small = one(disk, "/a/b/small");
  EXPECT_EQ(small.size, 6u);
  EXPECT_THAT(small.data, IsEmpty());
}

TEST(ntfs_find, fails_where_another_file_claims_the_same_clusters) {
  auto disk = plain();
  const auto file = one(disk, "/pagefile.sys");
  const auto other = one(disk, "/hiberfil.sys");
  // Both files have one run of the same length: the one takes the other's place.
  ASSERT_EQ(file.data.size(), 1u);
  ASSERT_EQ(other.data.size(), 1u);
  std::map<std::uint64_t, std::uint64_t> records;  // by first byte
  for (const std::uint64_t n : {64u, 65u, 66u, 67u, 68u, 69u, 70u, 71u}) {
    ntfs_source source(disk.device(), disk.geometry());
    const auto mft = ntfs_mft::open(source).value();
    std::vector<std::byte> memory;
    const auto record = mft.read(n, memory).value();
    if (!record) continue;
    const auto data = record->find(ntfs_attribute_type::data).value();
    if (data && !data->resident()) records[disk.data_at(n)] = n;
  }
  const auto from = disk.attribute(records.at(file.data[0].offset), ntfs_attribute_type::data) + 64;
  const auto to = disk.attribute(records.at(other.data[0].offset), ntfs_attribute_type::data) + 64;
  std::ranges::copy(disk.at(from, 8), disk.at(to, 8).begin());
  const auto found = disk.volume()->find_files(plan::path_patterns({"/pagefile.sys"}));
  ASSERT_TRUE(found.has_error());
  EXPECT_THAT(found.error().message(), testing::HasSubstr("another file claims"));
  EXPECT_TRUE(disk.volume()->find_files(plan::path_patterns({"*.sys"})).has_error());
  EXPECT_TRUE(disk.volume()->find_files(plan::path_patterns({"/swapfile.sys"})).has_value());
}

TEST(ntfs_find, fails_where_the_bitmap_calls_a_file_free) {
  auto disk = plain();
  const auto cluster = one(disk, "/pagefile.sys").data[0].offset / disk.geometry().cluster;
  disk.fill(disk.data_at(ntfs_file::bitmap) + cluster / 8 + 1, 1, 0);
  EXPECT_TRUE(disk.volume()->find_files(plan::path_patterns({"/pagefile.sys"})).has_error());
  EXPECT_THAT(subtract(plain().map().used, disk.map().used), IsEmpty());
}

TEST(ntfs_find, does_not_take_a_stale_reference_for_a_path) {
  auto disk = plain();
  const auto small = disk.volume()->find_files(plan::path_patterns({"/a/b/small"})).value();
  ASSERT_EQ(small.size(), 1u);
  // Directory "a": its sequence is counted up, as if the record had been given to another one.
  ntfs_source source(disk.device(), disk.geometry());
  const auto mft = ntfs_mft::open(source).value();
  std::vector<std::byte> memory;
  for (std::uint64_t n = ntfs_file::first_user; n < mft.records(); ++n) {
    const auto record = mft.read(n, memory).value();
    if (record && record->directory()) disk.fill(disk.record(n) + 16, 1, 9);
  }
  EXPECT_THAT(paths(disk, {"/a/b/small"}), IsEmpty());
  EXPECT_THAT(paths(disk, {"/pagefile.sys"}), ElementsAre("/pagefile.sys"));
}

TEST(ntfs_owners, are_files_directories_and_the_file_system) {
  auto disk = plain();
  const auto owner = [&](std::uint64_t offset) {
    const auto o = owner_of(disk, offset);
    return std::pair(o.kind, o.name);
  };
  EXPECT_EQ(owner(one(disk, "/pagefile.sys").data[0].offset), std::pair(owner_kind::file, std::string("/pagefile.sys")));
  const auto two_names = owner(one(disk, "/a/second").data[0].offset);
  EXPECT_EQ(two_names.first, owner_kind::file);
  EXPECT_TRUE(two_names.second == "/a/second" || two_names.second == "/a/b/Größe") << two_names.second;
  EXPECT_EQ(owner(disk.record(30)), std::pair(owner_kind::inode_table, std::string("$MFT")));
  EXPECT_EQ(owner(disk.data_at(ntfs_file::log)), std::pair(owner_kind::journal, std::string("$LogFile")));
  EXPECT_EQ(owner(disk.data_at(ntfs_file::bitmap)), std::pair(owner_kind::metadata, std::string("$Bitmap")));
  EXPECT_EQ(owner(0), std::pair(owner_kind::metadata, std::string("$Boot")));
  EXPECT_EQ(owner(disk.size() - 1), std::pair(owner_kind::metadata, std::string("copy of the boot sector")));
  const auto unused = subtract(disk.whole(), disk.map().used);
  EXPECT_EQ(owner(unused.at(0).offset), std::pair(owner_kind::free_space, std::string()));
}

TEST(ntfs_owners, name_directories_by_their_paths) {
  auto disk = ntfs_disk::seed("fragmented");
  // Its root held so many files once that it has clusters.
  bool root = false;
  for (const auto& o : owners_of(disk)) root = root || (o.kind == owner_kind::directory && o.name == "/");
  EXPECT_TRUE(root);
}

TEST(ntfs_owners, cover_the_whole_volume_and_agree_with_the_map) {
  for (const auto* name : {"files_512", "compressed_4k", "fragmented", "mft_fragmented", "sectors_4096"}) {
    auto disk = ntfs_disk::seed(name);
    range_list all;
    range_list free;
    for (const auto& o : owners_of(disk)) {
      all.push_back(o.where);
      if (o.kind == owner_kind::free_space) free.push_back(o.where);
      // Too few sectors at the end for one more cluster.
      if (o.where.offset == disk.geometry().clusters_end()) continue;
      EXPECT_NE(o.kind, owner_kind::unknown) << name << " at " << o.where.offset << ": " << o.name;
    }
    normalise(all);
    normalise(free);
    EXPECT_EQ(all, disk.whole());
    EXPECT_THAT(subtract(subtract(disk.whole(), disk.map().used), free), IsEmpty()) << name;
  }
}

TEST(ntfs_owners, of_a_damaged_file_are_unknown) {
  auto disk = plain();
  const auto file = one(disk, "/pagefile.sys");
  for (std::uint64_t n = 64; n < 70; ++n) disk.put(disk.record(n), "BAAD");
  EXPECT_EQ(owner_of(disk, file.data[0].offset).kind, owner_kind::unknown);
  EXPECT_EQ(owner_of(disk, disk.record(30)).kind, owner_kind::inode_table);
}

}  // namespace umbra::fs
