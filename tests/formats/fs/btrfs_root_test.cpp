// SPDX-License-Identifier: GPL-3.0-or-later
// Volumes that the kernel has lived in: subvolumes, snapshots, shared, compressed, rewritten and unwritten extents.
#include <fstream>
#include <map>
#include <sstream>

#include <gmock/gmock.h>

#include "engine/base/units.h"
#include "formats/fs/btrfs.h"
#include "tests/support/btrfs_kit.h"
#include "tests/support/loop_kit.h"

namespace umbra::fs {
namespace {

using plan::owner_kind;
using test::btrfs_sector_text;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void write_sectors(const std::string& path, int file, std::uint64_t from, std::uint64_t size) {
  std::ofstream(path, std::ios::app);  // is there
  std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
  out.seekp(static_cast<std::streamoff>(from));
  for (auto at = from; at < from + size; at += 512) out << btrfs_sector_text(file, at);
  out.flush();
  EXPECT_TRUE(out.good()) << path;
}

// The number in the sector at `at`: "file 7 at 512;". 0 if none is there.
int file_at(io::device& device, std::uint64_t at) {
  std::vector<std::byte> bytes(512);
  EXPECT_TRUE(device.read(at, bytes).has_value());
  const auto text = as_text(bytes);
  return text.starts_with("file ") ? std::stoi(std::string(text.substr(5, 3))) : 0;
}

struct lived {
  const char* name;
  const char* options;
};

void PrintTo(const lived& l, std::ostream* out) { *out << l.name; }

class btrfs_lived_root : public testing::TestWithParam<lived> {
 protected:
  void SetUp() override {
    if (const auto why = test::loop_kit_unavailable({"mkfs.btrfs", "btrfs", "python3"}); !why.empty()) GTEST_SKIP() << why;
    volume.emplace(dir.string(), "volume", "btrfs", 300_MiB, GetParam().options);
    live();
  }

  // Files are named for the numbers in their sectors; those of one number share their data or are the same file.
  void live() {
    test::shell("btrfs subvolume create " + at("@"));
    test::shell("mkdir -p " + at("@/dir/deep") + " " + at("@/copies"));
    write_sectors(at("@/dir/1"), 1, 0, 3_MiB);
    sync();
    // Rewritten in the middle: the old extent stays for the sake of its ends.
    write_sectors(at("@/dir/1"), 1, 1_MiB, 256_KiB);
    write_sectors(at("@/dir/deep/2"), 2, 1_MiB, 64_KiB);  // holes before and between
    write_sectors(at("@/dir/deep/2"), 2, 5_MiB, 64_KiB);
    write_sectors(at("@/3"), 3, 0, 1_MiB);
    sync();
    test::shell("cp --reflink=always " + at("@/3") + " " + at("@/copies/3"));
    test::shell("touch " + at("@/4") + " && btrfs property set " + at("@/4") + " compression zstd");
    write_sectors(at("@/4"), 4, 0, 1_MiB);
    test::shell("touch " + at("@/swapfile") + " && chattr +C " + at("@/swapfile"));
    write_sectors(at("@/swapfile"), 7, 0, 2_MiB);
    test::shell("fallocate -l 1M " + at("@/unwritten"));
    for (int i = 0; i < 300; ++i) std::ofstream(at("@/dir/small" + std::to_string(i))) << std::string(3000, 'x');
    write_sectors(at("9"), 9, 0, 512_KiB);
    write_sectors(at("rubbish"), 8, 0, 4_MiB);
    test::shell("ln " + at("9") + " " + at("hard-link"));
    sync();
    test::shell("rm " + at("rubbish") + " && rm " + at("@/dir/small") + "1*");
  }

  void snapshot() { test::shell("btrfs subvolume snapshot " + at("@") + " " + at("snapshot")); }
  void sync() { test::shell("sync -f " + at(".")); }
  std::string at(const std::string& name) const { return volume->at(name); }

  // Unmounts, and opens what is there.
  void close() {
    volume->detach();
    device = std::move(io::open_device(volume->file(), {}).value());
    found = recognise_btrfs(*device).value();
    ASSERT_NE(found, nullptr);
  }

  std::vector<plan::file_data> find(const std::string& pattern) {
    auto files = found->find_files(plan::path_patterns({pattern}));
    EXPECT_TRUE(files.has_value()) << (files ? "" : files.error().message());
    return files ? files.value() : std::vector<plan::file_data>();
  }

  void expect_map() {
    const auto map = found->used_blocks({}).value();
    EXPECT_THAT(map.notes, ElementsAre(HasSubstr("used")));
    EXPECT_EQ(map.used, test::btrfs_used_of(volume->file(), device->geometry().size));
    for (std::size_t i = 1; i < map.files.size(); ++i) EXPECT_LE(map.files[i - 1].end(), map.files[i].offset);
    std::map<int, std::uint64_t> told;
    for (const auto& f : map.files) {
      const auto file = file_at(*device, f.offset);
      told[file] += f.size;
      if (file == 0) continue;
      std::vector<std::byte> bytes(f.size);
      ASSERT_TRUE(device->read(f.offset, bytes).has_value());
      for (std::uint64_t in = 0; in < f.size; in += 512)
        ASSERT_EQ(as_text(bytes).substr(in, 512), btrfs_sector_text(file, f.file_offset + in));
    }
    const std::map<int, std::uint64_t> expected{{1, 3_MiB}, {2, 128_KiB}, {3, 1_MiB}, {7, 2_MiB}, {9, 512_KiB}};
    told.erase(0);  // the free space cache
    EXPECT_EQ(told, expected);
  }

  void expect_owners() {
    const auto size = device->geometry().size;
    const auto used = found->used_blocks({}).value();
    const auto owners = found->owners({{0, size}}).value();
    range_list all;
    range_list free;
    std::map<std::string, std::uint64_t> bytes;
    for (const auto& o : owners) {
      all.push_back(o.where);
      if (o.kind == owner_kind::free_space) free.push_back(o.where);
      if (o.kind != owner_kind::free_space) bytes[o.name] += o.where.size;
    }
    normalise(all);
    normalise(free);
    EXPECT_EQ(all, (range_list{{0, size}}));
    EXPECT_EQ(free, subtract({{0, size}}, used.used));
    for (const auto& f : used.files) {
      const auto file = file_at(*device, f.offset);
      if (file == 0) continue;
      const auto owner = found->owners({{f.offset, f.size}}).value();
      ASSERT_EQ(owner.size(), 1u);
      EXPECT_EQ(owner[0].kind, owner_kind::file);
      const auto name = owner[0].name.substr(owner[0].name.rfind('/') + 1);
      EXPECT_TRUE(name == std::to_string(file) || (file == 7 && name == "swapfile") || name == "hard-link") << owner[0].name;
    }
    EXPECT_EQ(bytes.at("superblock"), 8_KiB);
    EXPECT_GT(bytes.at("extent tree"), 0u);
    EXPECT_GT(bytes.at("chunk tree"), 0u);
    EXPECT_EQ(bytes.count(""), 0u);  // nothing is unknown
  }

  test::temp_dir dir;
  std::optional<test::loop_volume> volume;
  std::unique_ptr<io::device> device;
  plan::volume_ptr found;
};

}  // namespace

TEST_P(btrfs_lived_root, is_mapped_to_the_byte_and_its_files_are_where_their_bytes_are) {
  close();
  expect_map();
  expect_owners();
}

TEST_P(btrfs_lived_root, with_a_snapshot_tells_shared_extents_once) {
  snapshot();
  write_sectors(at("snapshot/dir/1"), 1, 2_MiB, 64_KiB);
  close();
  expect_owners();
  const auto files = found->used_blocks({}).value().files;
  std::map<int, std::uint64_t> told;
  for (const auto& f : files) told[file_at(*device, f.offset)] += f.size;
  EXPECT_EQ(told[1], 3_MiB + 64_KiB);
  EXPECT_EQ(told[3], 1_MiB);
}

TEST_P(btrfs_lived_root, finds_a_file_without_checksums_by_each_of_its_paths) {
  close();
  for (const auto* pattern : {"/@/swapfile", "/swapfile", "swapfile", "/**/swapfile", "/@/swap*"}) {
    const auto files = find(pattern);
    ASSERT_EQ(files.size(), 1u) << pattern;
    EXPECT_EQ(files[0].path, std::string_view(pattern) == "/swapfile" ? "/swapfile" : "/@/swapfile");
    EXPECT_EQ(files[0].size, 2_MiB);
    EXPECT_EQ(total_size(files[0].data), 2_MiB);
    for (const auto& r : files[0].data)
      for (auto in = r.offset; in < r.end(); in += 4096) EXPECT_EQ(file_at(*device, in), 7);
  }
  EXPECT_THAT(find("/dir/swapfile"), IsEmpty());
  EXPECT_THAT(find("/SWAPFILE"), IsEmpty());
}

TEST_P(btrfs_lived_root, leaves_out_nothing_that_has_checksums_but_what_was_never_written) {
  close();
  const auto files = found->find_files(plan::path_patterns({"/@/3", "/9"}));
  ASSERT_TRUE(files.has_error());
  EXPECT_EQ(files.error().code(), errc::unsupported);
  const auto unwritten = find("/@/unwritten");
  ASSERT_EQ(unwritten.size(), 1u);
  EXPECT_EQ(total_size(unwritten[0].data), 1_MiB);
}

TEST_P(btrfs_lived_root, leaves_out_nothing_that_a_snapshot_or_copy_needs) {
  snapshot();
  test::shell("btrfs subvolume snapshot -r " + at("@") + " " + at("kept"));
  close();
  for (const auto& f : find("swapfile")) EXPECT_THAT(f.data, IsEmpty()) << f.path;
  EXPECT_EQ(find("swapfile").size(), 3u);
  EXPECT_EQ(find("/swapfile").size(), 2u);  // not in the one that is read-only
}

TEST_P(btrfs_lived_root, of_files_that_share_an_extent_leaves_out_none) {
  test::shell("mkdir " + at("@/x") + " && touch " + at("@/x/swapfile") + " && chattr +C " + at("@/x/swapfile"));
  test::shell("cp --reflink=always " + at("@/swapfile") + " " + at("@/x/swapfile"));
  close();
  const auto files = find("swapfile");
  ASSERT_EQ(files.size(), 2u);
  EXPECT_THAT(files[0].data, IsEmpty());
  EXPECT_THAT(files[1].data, IsEmpty());
}

TEST_P(btrfs_lived_root, finds_files_from_the_default_subvolume) {
  test::shell("btrfs subvolume create " + at("@/dir/inner") + " && btrfs subvolume set-default " + at("@/dir/inner"));
  test::shell("echo x > " + at("@/dir/inner/only"));
  close();
  const auto files = find("/only");
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].path, "/only");
  EXPECT_EQ(find("/@/dir/inner/only").size(), 1u);
}

TEST_P(btrfs_lived_root, with_a_log_claims_what_the_log_needs_and_finds_no_files) {
  test::shell("mount -o remount,commit=300 " + at("."));
  sync();
  const auto copy = dir.at("copy");
  // An fsync that finds no room in the log, or needs a new chunk, commits instead: then the next one has a log.
  std::uint64_t written = 0;
  for (int round = 0; round < 8 && (round < 2 || test::btrfs_super_field(copy, "log_root") == 0); ++round) {
    write_sectors(at("@/6"), 6, written, 512_KiB);
    write_sectors(at("5"), 5, written, 512_KiB);
    written += 512_KiB;
    test::shell("sync " + at("@/6") + " " + at("5") + " && cp " + volume->file() + " " + copy);
  }
  volume->detach();
  device = std::move(io::open_device(copy, {}).value());
  found = recognise_btrfs(*device).value();
  const auto map = found->used_blocks({}).value();
  EXPECT_THAT(map.notes, testing::Contains(HasSubstr("log")));
  EXPECT_LT(total_size(map.used), 100_MiB);
  std::map<int, std::uint64_t> claimed;
  for (const auto& r : map.used)
    for (auto in = r.offset; in < r.end(); in += 4096) claimed[file_at(*device, in)] += 4096;
  EXPECT_EQ(claimed[6], written);
  EXPECT_EQ(claimed[5], written);
  // Of the last commit they were not.
  const auto committed = test::btrfs_used_of(copy, device->geometry().size);
  EXPECT_THAT(subtract(committed, map.used), IsEmpty());
  std::uint64_t logged = 0;
  for (const auto& r : subtract(map.used, committed))
    for (auto in = r.offset; in < r.end(); in += 4096) logged += file_at(*device, in) == 5 ? 4096 : 0;
  EXPECT_GE(logged, 512_KiB);
  EXPECT_TRUE(found->find_files(plan::path_patterns({"/swapfile"})).has_error());
}

constexpr lived ways[] = {{"plain", "-q"},
                          {"small_nodes", "-q -n 4096 -m single"},
                          {"mixed", "-q -M"},
                          {"xxhash", "-q --csum xxhash"},
                          {"old", "-q -O ^no-holes,^skinny-metadata -R ^free-space-tree"},
                          {"quota", "-q -R quota"}};
INSTANTIATE_TEST_SUITE_P(kernel, btrfs_lived_root, testing::ValuesIn(ways),
                         [](const auto& way) { return std::string(way.param.name); });

}  // namespace umbra::fs
