// SPDX-License-Identifier: GPL-3.0-or-later
// Real file systems made by mkfs.xfs; the oracles are xfs_db (free extents), the files' bytes at the places told, and for
// damage xfs_repair.
#include "formats/fs/xfs.h"

#include <algorithm>
#include <random>
#include <sstream>

#include <gmock/gmock.h>

#include "engine/io/faulty_device.h"
#include "tests/formats/fs/xfs_kit.h"
#include "tests/fuzz/volume_checks.h"

namespace umbra::fs {
namespace {

using namespace test_kit;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr made_xfs kinds[] = {
    {"v5", ""},
    {"v5_1k", "-b size=1024"},
    {"v5_64k", "-b size=65536", "300M"},
    {"v5_owner_tree", "-b size=1024 -m rmapbt=1,reflink=1"},
    {"v5_no_extras", "-m finobt=0,inobtcount=0,reflink=0,bigtime=0 -i sparse=0"},
    {"v5_sectors_4k", "-s size=4096"},
    {"v5_groups", "-d agcount=7", "200M"},
    {"v5_many_extents", "-i nrext64=1,size=1024"},
    {"v5_folders_16k", "-b size=1024 -n size=16384"},
    {"v5_log_stripe", "-l sunit=64"},
    {"v4", "-m crc=0"},
    {"v4_512", "-m crc=0 -b size=512 -i size=256"},
    {"v4_1k_no_types", "-m crc=0 -b size=1024 -n ftype=0"},
    {"v4_log_1", "-m crc=0 -l version=1"},
    {"v4_sectors_2k", "-m crc=0 -s size=2048 -d agcount=3"},
    {"v4_free_inodes", "-m crc=0 -b size=2048 -i size=1024"},
};

// Of "freesp -d": lines of group, block, count. What is kept in reserve for the trees is among them.
range_list free_of_xfs_db(const made_volume& volume) {
  const auto block_size = volume.number("sb 0", "blocksize");
  const auto group_blocks = volume.number("sb 0", "agblocks");
  std::istringstream lines(test::shell("xfs_db -r -c 'freesp -d' " + volume.path()));
  range_list free;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::uint64_t group = 0, block = 0, count = 0;
    std::string more;
    if (!(words >> group >> block >> count) || words >> more) continue;
    free.push_back({(group * group_blocks + block) * block_size, count * block_size});
  }
  normalise(free);
  return free;
}

std::uint64_t reserve_of_xfs_db(const made_volume& volume) {
  std::uint64_t blocks = 0;
  for (std::uint64_t group = 0; group < volume.number("sb 0", "agcount"); ++group)
    blocks += volume.number(fmt::format("agf {}", group), "flcount");
  return blocks * volume.number("sb 0", "blocksize");
}

std::string bytes_at(io::device& volume, const range& where) {
  std::vector<std::byte> bytes(where.size);
  EXPECT_TRUE(volume.read(where.offset, bytes).has_value());
  return std::string(as_text(bytes));
}

// Every told extent must hold the bytes of one file from its file offset on; answers bytes told for each file.
std::map<int, std::uint64_t> check_extents(io::device& volume, const std::vector<plan::file_extent>& files) {
  std::map<int, std::uint64_t> told;
  for (const auto& f : files) {
    const auto text = bytes_at(volume, {f.offset, f.size});
    EXPECT_THAT(text, testing::StartsWith("file "));
    const auto file = std::atoi(text.c_str() + 5);
    told[file] += f.size;
    for (std::uint64_t at = 0; at < f.size && f.file_offset + at + 512 <= made_files.at(file).size; at += 512)
      EXPECT_EQ(text.substr(at, 512), sector_text(file, f.file_offset + at));
  }
  return told;
}

void check_cuts(io::device& device, const plan::allocation& map) {
  EXPECT_TRUE(std::ranges::is_sorted(map.files, {}, &plan::file_extent::offset));
  auto told = check_extents(device, map.files);
  for (const auto& [file, what] : made_files) {
    if (what.size < plan::file_extent_minimum) {
      EXPECT_EQ(told.count(file), 0u);
    } else {
      EXPECT_GE(told[file], what.size) << what.path;
    }
  }
}

std::string content_of(io::device& device, const plan::file_data& file) {
  std::string text;
  for (const auto& r : file.data) text += bytes_at(device, r);
  EXPECT_GE(text.size(), file.size);
  return text.substr(0, file.size);
}

void check_found(io::device& device) {
  const auto volume = recognise_xfs(device).value();
  const auto all = volume->find_files(plan::path_patterns({"**"})).value();
  EXPECT_EQ(all.size(), made_files.size() + many_names);
  for (const auto& [file, what] : made_files) {
    const auto found = volume->find_files(plan::path_patterns({what.path})).value();
    ASSERT_EQ(found.size(), 1u) << what.path;
    EXPECT_EQ(found[0].path, what.path);
    EXPECT_EQ(found[0].size, what.size);
    const auto text = content_of(device, found[0]);
    for (std::uint64_t at = 0; at < what.size; at += 512)
      EXPECT_EQ(text.substr(at, 512), sector_text(file, at).substr(0, std::min<std::uint64_t>(512, what.size - at)));
    const auto owners = volume->owners(found[0].data).value();
    EXPECT_FALSE(owners.empty());
    for (const auto& owner : owners) {
      EXPECT_EQ(owner.kind, plan::owner_kind::file);
      EXPECT_EQ(owner.name, what.path);
    }
  }
}

// Everything has an owner, and what is free is what the map does not use.
void check_owners(io::device& device, const plan::allocation& map, std::uint64_t end) {
  const range_list asked{{0, end}};
  const auto owners = recognise_xfs(device).value()->owners(asked).value();
  fuzz::check_owners(owners, asked);
  range_list free;
  std::map<plan::owner_kind, std::uint64_t> sizes;
  for (const auto& o : owners) {
    sizes[o.kind] += o.where.size;
    if (o.kind == plan::owner_kind::free_space) free.push_back(o.where);
    if (o.kind == plan::owner_kind::unknown) ADD_FAILURE() << o.where.size << " bytes at " << o.where.offset << " are nobody's";
  }
  normalise(free);
  EXPECT_EQ(free, subtract(asked, map.used));
  for (const auto kind :
       {plan::owner_kind::directory, plan::owner_kind::journal, plan::owner_kind::inode_table, plan::owner_kind::metadata})
    EXPECT_GT(sizes[kind], 0u);
}

class xfs_kinds : public testing::TestWithParam<made_xfs> {};

}  // namespace

// One test, because making a volume is what takes time.
TEST_P(xfs_kinds, have_the_free_blocks_of_xfs_db_and_the_files_where_their_bytes_are) {
  const made_volume volume(GetParam());
  const auto device = volume.open();
  const auto map = map_of(*device);
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("used")));
  const auto free = free_of_xfs_db(volume);
  const auto ours = subtract(whole(*device), map.used);
  ASSERT_THAT(free, Not(IsEmpty()));
  EXPECT_THAT(subtract(ours, free), IsEmpty());
  EXPECT_EQ(total_size(free) - total_size(ours), reserve_of_xfs_db(volume));
  check_cuts(*device, map);
  check_found(*device);
  check_owners(*device, map, volume.number("sb 0", "dblocks") * volume.number("sb 0", "blocksize"));
}

INSTANTIATE_TEST_SUITE_P(mkfs, xfs_kinds, testing::ValuesIn(kinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

namespace {

constexpr made_xfs plain{"plain", "-b size=1024"};
constexpr made_xfs old{"old", "-m crc=0 -b size=512 -i size=256"};

// The volume must be copied whole, for a reason with these words, and no file may be found.
void expect_doubt(io::device& device, const std::string& words) {
  const auto map = map_of(device);
  EXPECT_EQ(map.used, whole(device)) << words;
  EXPECT_THAT(map.files, IsEmpty());
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr(words)));
  EXPECT_TRUE(recognise_xfs(device).value()->find_files(plan::path_patterns({"**"})).has_error());
}

void expect_doubt(const made_xfs& how, const std::string& command, const std::string& words) {
  made_volume volume(how);
  volume.run(command);
  expect_doubt(*volume.open(), words);
}

// Where the first group's tree of free space has its root.
std::uint64_t free_space_root(const made_volume& volume) {
  return volume.number("agf 0", "bnoroot") * volume.number("sb 0", "blocksize");
}

}  // namespace

TEST(xfs_volume, is_nothing_without_a_superblock) {
  for (const std::uint64_t size : {0u, 100u, 512u, 65536u}) {
    io::memory_device device(size);
    EXPECT_EQ(recognise_xfs(device).value(), nullptr);
  }
}

TEST(xfs_volume, tells_its_facts) {
  const made_volume volume({"label", "-b size=1024 -L marjoram -m uuid=0fc63daf-8483-4772-8e79-3d69d8477de4"});
  const auto facts = recognise_xfs(*volume.open()).value()->facts();
  EXPECT_EQ(facts.kind, "XFS");
  EXPECT_EQ(facts.label, "marjoram");
  EXPECT_EQ(facts.id, "0fc63daf-8483-4772-8e79-3d69d8477de4");
  EXPECT_EQ(facts.size, 64u << 20);
  EXPECT_EQ(facts.cluster, 1024u);
}

TEST(xfs_volume, with_unknown_features_is_copied_whole) {
  const auto write = [](const char* field, const char* value) {
    return fmt::format("xfs_db -x -c 'sb 0' -c 'write -d {} {}' {{}}", field, value);
  };
  expect_doubt(plain, write("features_incompat", "0x80000003"), "unknown incompat feature 0x80000000");
  expect_doubt(plain, write("features_ro_compat", "0x40000005"), "unknown ro_compat feature 0x40000000");
  expect_doubt(plain, write("features_incompat", "0x1b"), "marked for repair");
}

TEST(xfs_volume, with_a_damaged_superblock_is_copied_whole) {
  expect_doubt(plain, "printf x | dd of={} bs=1 seek=300 conv=notrunc", "wrong checksum of the superblock");
  expect_doubt(old, "printf x | dd of={} bs=1 seek=121 conv=notrunc", "sector size");
  expect_doubt(old, "printf x | dd of={} bs=1 seek=126 conv=notrunc", "never completed");
}

TEST(xfs_volume, smaller_than_its_file_system_is_copied_whole) {
  expect_doubt(plain, "truncate -s 63M {}", "larger than its volume");
}

TEST(xfs_volume, uses_what_lies_behind_the_file_system) {
  made_volume volume(plain);
  volume.run("truncate -s 67109000 {}");
  EXPECT_EQ(map_of(*volume.open()).used.back().end(), 67109000u);
}

TEST(xfs_volume, with_its_log_elsewhere_is_copied_whole) {
  made_volume volume(plain);
  const auto log = volume.folder().at("log");
  test::shell("truncate -s 64M " + log);
  volume.run("mkfs.xfs -q -f --unsupported -l size=16m,logdev=" + log + " {}");
  expect_doubt(*volume.open(), "its log lies on another device");
}

TEST(xfs_volume, with_realtime_data_elsewhere_says_so) {
  made_volume volume(plain);
  const auto data = volume.folder().at("realtime");
  test::shell("truncate -s 64M " + data);
  volume.run("mkfs.xfs -q -f --unsupported -r rtdev=" + data + " {}");
  const auto map = map_of(*volume.open());
  EXPECT_LT(total_size(map.used), 32u << 20);
  EXPECT_THAT(map.notes, Contains(HasSubstr("realtime")));
}

TEST(xfs_volume, with_a_damaged_group_is_copied_whole) {
  expect_doubt(plain, "printf x | dd of={} bs=1 seek=600 conv=notrunc", "free space of group 0: wrong checksum");
  expect_doubt(plain, "printf x | dd of={} bs=1 seek=1200 conv=notrunc", "inodes of group 0: wrong checksum");
  expect_doubt(old, "xfs_db -x -c 'agf 0' -c 'write freeblks 17' {}", "do not add up");
  expect_doubt(old, "xfs_db -x -c 'agf 0' -c 'write bnoroot 5' {}", "free space tree of group 0");
  expect_doubt(old, "xfs_db -x -c 'agf 0' -c 'write length 5' {}", "wrong length");
}

TEST(xfs_volume, with_a_damaged_tree_is_copied_whole) {
  for (const auto& how : {plain, old}) {  // found by checksum, and by comparing both trees
    const made_volume volume(how);
    const auto device = volume.load();
    const auto head = how.options == plain.options ? 56u : 16u;
    auto& low = device->contents()[free_space_root(volume) + head + 3];  // of the first extent's place
    low = low ^ std::byte{1};
    expect_doubt(*device, "group 0");
  }
}

TEST(xfs_volume, with_an_unreadable_tree_is_copied_whole) {
  const made_volume volume(plain);
  io::fault_plan plan;
  plan.unreadable = {{free_space_root(volume), 512}};
  const auto device = io::make_faulty(volume.open(), plan);
  expect_doubt(*device, "free space tree");
}

TEST(xfs_volume, with_unreadable_inodes_still_has_its_free_blocks) {
  const made_volume volume(plain);
  const auto exact = map_of(*volume.open()).used;
  io::fault_plan plan;
  plan.unreadable = {{volume.number("sb 0", "rootino") * 512, 512}};
  const auto device = io::make_faulty(volume.open(), plan);
  const auto map = map_of(*device);
  EXPECT_EQ(map.used, exact);
  EXPECT_THAT(map.notes, Contains(HasSubstr("not all files")));
  EXPECT_TRUE(recognise_xfs(*device).value()->find_files(plan::path_patterns({"/one"})).has_error());
}

TEST(xfs_volume, finds_no_files_when_a_folder_is_damaged) {
  const made_volume volume(plain);
  const auto device = volume.load();
  const auto owners = recognise_xfs(*device).value()->owners(whole(*device)).value();
  const auto folder = std::ranges::find(owners, "/many", &plan::range_owner::name);
  ASSERT_NE(folder, owners.end());
  auto& byte = device->contents()[folder->where.offset + 100];
  byte = byte ^ std::byte{1};
  const auto damaged = recognise_xfs(*device).value();
  EXPECT_TRUE(damaged->find_files(plan::path_patterns({"/many/seven"})).has_error());
  EXPECT_EQ(damaged->find_files(plan::path_patterns({"/sub/*"})).value().size(), 1u);  // nobody looks into the other one
}

TEST(xfs_volume, tells_at_most_as_many_extents_as_asked) {
  const made_volume volume(plain);
  plan::scan_options few;
  few.file_extent_limit = 2;
  const auto map = map_of(*volume.open(), few);
  EXPECT_EQ(map.files.size(), 2u);
  EXPECT_THAT(map.notes, Contains(HasSubstr("not all files")));
}

TEST(xfs_volume, counts_the_rest_as_used_when_there_are_too_many_ranges) {
  const made_volume volume(plain);
  const auto device = volume.open();
  plan::scan_options few;
  few.used_range_limit = 2;
  const auto exact = map_of(*device).used;
  const auto coarse = map_of(*device, few);
  EXPECT_THAT(subtract(exact, coarse.used), IsEmpty());
  EXPECT_LT(total_size(exact), total_size(coarse.used));
  EXPECT_LE(coarse.used.size(), 2u);
}

TEST(xfs_volume, without_files_wanted_tells_none) {
  const made_volume volume(plain);
  plan::scan_options none;
  none.files = false;
  EXPECT_THAT(map_of(*volume.open(), none).files, IsEmpty());
}

namespace {

// Sectors that are neither empty nor of a file's bytes.
std::vector<std::size_t> metadata_sectors(byte_view volume) {
  std::vector<std::size_t> list;
  for (std::size_t at = 0; at < volume.size(); at += 512) {
    const auto sector = volume.subspan(at, 512);
    if (as_text(sector).starts_with("file ")) continue;
    if (std::ranges::any_of(sector, [](std::byte b) { return b != std::byte{0}; })) list.push_back(at);
  }
  return list;
}

bool repair_accepts(const made_volume& volume, byte_view bytes) {
  const auto path = volume.folder().at("mutated");
  std::ofstream(path, std::ios::binary) << as_text(bytes);
  return test::shell("xfs_repair -n " + path + " >/dev/null; echo $?").starts_with('0');
}

// Changes a few bytes at a time: no crash, sound answers, and a map that is never too small where xfs_repair finds no fault.
void mutate(const made_xfs& how, int times) {
  const made_volume volume(how);
  const auto device = volume.load();
  const auto exact = map_of(*device).used;
  const auto sectors = metadata_sectors(device->contents());
  std::mt19937 random(4711);
  for (int n = 0; n < times; ++n) {
    std::map<std::size_t, std::byte> before;
    for (auto k = random() % 3 + 1; k > 0; --k) {
      const auto at = sectors[random() % sectors.size()] + random() % (random() % 2 != 0 ? 512 : 64);
      auto& byte = device->contents()[at];
      before.try_emplace(at, byte);
      byte = random() % 2 != 0 ? static_cast<std::byte>(random()) : byte ^ static_cast<std::byte>(1u << random() % 8);
    }
    if (const auto found = recognise_xfs(*device).value()) {
      fuzz::check_volume(*found, device->geometry().size);
      if (!subtract(exact, map_of(*device).used).empty()) {
        EXPECT_FALSE(repair_accepts(volume, device->contents())) << "mutation " << n;
      }
    }
    for (const auto& [at, byte] : before) device->contents()[at] = byte;
  }
}

}  // namespace

TEST(xfs_volume, with_wrong_bytes_never_uses_too_little) {
  mutate(plain, 150);
  mutate(old, 300);
}

}  // namespace umbra::fs
