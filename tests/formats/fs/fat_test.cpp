// SPDX-License-Identifier: GPL-3.0-or-later
// Real volumes made by mkfs.fat and filled by mtools; the oracles are fsck.fat (clusters in use) and the files' bytes at the
// places told.
#include "formats/fs/fat.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <regex>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/io/faulty_device.h"
#include "engine/io/file_device.h"
#include "engine/io/memory_device.h"
#include "tests/fuzz/volume_checks.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::fs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct made {
  const char* name;
  const char* kind;
  const char* options;
  std::uint64_t kilobytes;
};

void PrintTo(const made& m, std::ostream* out) { *out << m.name; }

constexpr made kinds[] = {
    {"floppy", "FAT12", "-F 12", 1440},
    {"fat12_large_clusters", "FAT12", "-F 12 -s 8", 12 << 10},
    {"fat12_one_fat", "FAT12", "-F 12 -f 1 -s 4", 7777},
    {"fat16", "FAT16", "-F 16", 64 << 10},
    {"fat16_4k_sectors", "FAT16", "-F 16 -S 4096", 300 << 10},
    {"fat16_64k_clusters", "FAT16", "-F 16 -s 128", 600 << 10},
    {"fat32", "FAT32", "-F 32 -n UMBRA_LABEL -i 12345678", 200 << 10},
    {"fat32_small_clusters", "FAT32", "-F 32 -s 1", 100 << 10},
    {"fat32_32k_clusters", "FAT32", "-F 32 -s 64", 2200 << 10},
    {"fat32_many_reserved", "FAT32", "-F 32 -R 500 -f 1", 100001},
};

std::string sector_text(int file, std::uint64_t offset) {
  auto text = fmt::format("file {} at {};", file, offset);
  text.resize(512, '.');
  return text;
}

const std::map<int, std::uint64_t> file_sizes{{1, 5000},  {2, 16 << 10}, {3, (16 << 10) - 1}, {4, 100000}, {5, (200 << 10) + 307},
                                              {6, 70000}, {7, 60 << 10}, {8, 64 << 10},       {9, 0},      {10, 300}};

// With a long name, in folders.
std::string path_of(int file) {
  return file % 2 == 0 ? fmt::format("/Folder of files/deeper/Die Datei Nr. {} (größer).dat", file)
                       : fmt::format("/F{}.DAT", file);
}

bool has_mtools() { return std::system("command -v mcopy >/dev/null") == 0; }

class made_volume {
 public:
  explicit made_volume(const made& how, bool filled = true) : path_(dir_.at("volume")) {
    test::shell(fmt::format("mkfs.fat -C {} {} {}", how.options, path_, how.kilobytes));
    if (filled) fill();
  }
  std::string mtools(const std::string& command) {
    const auto space = command.find(' ');
    return test::shell(fmt::format("export MTOOLS_SKIP_CHECK=1 LC_ALL=C.UTF-8; {} -i {} {}", command.substr(0, space), path_,
                                   command.substr(space + 1)));
  }
  std::unique_ptr<io::device> open(io::open_options::access mode = io::open_options::access::read) const {
    io::open_options options;
    options.mode = mode;
    return std::move(io::open_device(path_, options).value());
  }
  void write(std::uint64_t offset, std::string_view bytes) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file << bytes;
  }
  std::string read(std::uint64_t offset, std::size_t size) {
    std::ifstream file(path_, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    std::string bytes(size, 0);
    file.read(bytes.data(), static_cast<std::streamsize>(size));
    return bytes;
  }
  const std::string& path() const { return path_; }

 private:
  // Holes that are filled later, so that files lie in pieces.
  void fill() {
    mtools("mmd '::/Folder of files' '::/Folder of files/deeper'");
    for (int i = 0; i < 12; ++i) put(dir_.at("gap"), 9000, 99, fmt::format("/GAP{}", i));
    for (int i = 0; i < 12; i += 2) mtools(fmt::format("mdel '::/GAP{}'", i));
    for (const auto& [file, size] : file_sizes) put(dir_.at("one"), size, file, path_of(file));
    mtools("mdel ::/GAP3 ::/GAP7");
  }
  void put(const std::string& at, std::uint64_t size, int file, const std::string& to) {
    {
      std::ofstream out(at, std::ios::binary);
      for (std::uint64_t o = 0; o < size; o += 512) out << sector_text(file, o).substr(0, std::min<std::uint64_t>(512, size - o));
    }
    mtools(fmt::format("mcopy {} '::{}'", at, to));
  }

  test::temp_dir dir_;
  std::string path_;
};

plan::allocation map_of(io::device& volume, const plan::scan_options& options = {}) {
  return recognise_fat(volume).value()->used_blocks(options).value();
}

range_list whole(const io::device& d) { return {{0, d.geometry().size}}; }

std::uint64_t number_in(const std::string& text, const char* pattern) {
  std::smatch found;
  if (std::regex_search(text, found, std::regex(pattern))) return std::stoull(found[1]);
  ADD_FAILURE() << "no " << pattern << " in " << text;
  return 0;
}

struct checked {
  std::uint64_t cluster = 0, data = 0, clusters = 0, used = 0;
};

checked fsck(const std::string& path) {
  const auto text = test::shell("fsck.fat -n -v " + path);
  return {number_in(text, "(\\d+) bytes per cluster"), number_in(text, "Data area starts at byte (\\d+)"),
          number_in(text, "(\\d+) data clusters"), number_in(text, "(\\d+)/\\d+ clusters")};
}

// The bytes at the places told are those of the file, from its beginning to its end.
void expect_bytes(io::device& volume, const plan::file_data& file, int number) {
  std::uint64_t at = 0;
  std::map<std::uint64_t, std::string> sectors;
  for (const auto& r : file.data) {
    std::vector<std::byte> bytes(r.size);
    ASSERT_TRUE(volume.read(r.offset, bytes).has_value());
    for (std::uint64_t i = 0; i < r.size; i += 512) {
      const auto text = as_text(bytes).substr(i, 512);
      if (text.starts_with(fmt::format("file {} at ", number))) ++at;
    }
  }
  EXPECT_EQ(at, (file.size + 511) / 512) << file.path;
}

class fat_kinds : public testing::TestWithParam<made> {
  void SetUp() override {
    if (!has_mtools()) GTEST_SKIP() << "mtools are not installed";
  }
};

}  // namespace

// One test, because making a volume is what takes time.
TEST_P(fat_kinds, have_the_clusters_of_fsck_and_the_files_where_their_bytes_are) {
  const made_volume volume(GetParam());
  const auto device = volume.open();
  const auto found = recognise_fat(*device).value();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->facts().kind, GetParam().kind);
  const auto map = found->used_blocks({}).value();
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("used")));
  const auto oracle = fsck(volume.path());
  const auto size = device->geometry().size;
  EXPECT_EQ(total_size(map.used), size - (oracle.clusters - oracle.used) * oracle.cluster);
  EXPECT_LT(oracle.used, oracle.clusters) << "proves nothing";
  fuzz::check_map(map, size);

  std::map<std::uint64_t, std::uint64_t> told;
  for (const auto& f : map.files) {
    std::vector<std::byte> bytes(512);
    ASSERT_TRUE(device->read(f.offset, bytes).has_value());
    const auto text = std::string(as_text(bytes));
    EXPECT_THAT(text, HasSubstr(fmt::format(" at {};", f.file_offset)));
    told[number_in(text, "file (\\d+)")] += f.size;
  }
  for (const auto& [file, bytes] : file_sizes) {
    if (bytes < plan::file_extent_minimum) {
      EXPECT_EQ(told.count(static_cast<std::uint64_t>(file)), 0u);
    } else {
      EXPECT_GE(told[static_cast<std::uint64_t>(file)], bytes);
    }
  }

  for (const auto& [file, bytes] : file_sizes) {
    const auto files = found->find_files(plan::path_patterns({path_of(file)})).value();
    ASSERT_EQ(files.size(), 1u) << path_of(file);
    EXPECT_EQ(files[0].size, bytes);
    expect_bytes(*device, files[0], file);
    EXPECT_THAT(subtract(files[0].data, map.used), IsEmpty());
    if (bytes == 0) continue;
    const auto owners = found->owners(files[0].data).value();
    for (const auto& o : owners) EXPECT_EQ(o.name, files[0].path);
  }
  EXPECT_EQ(found->find_files(plan::path_patterns({"*.dat"})).value().size(), file_sizes.size());

  const auto all = found->owners(whole(*device)).value();
  fuzz::check_owners(all, whole(*device));
  std::uint64_t free = 0;
  for (const auto& o : all) free += o.kind == plan::owner_kind::free_space ? o.where.size : 0;
  EXPECT_EQ(free, (oracle.clusters - oracle.used) * oracle.cluster);
  EXPECT_THAT(all, Contains(testing::Field(&plan::range_owner::name, "/Folder of files/deeper")));
}

INSTANTIATE_TEST_SUITE_P(mkfs, fat_kinds, testing::ValuesIn(kinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

namespace {

constexpr made plain{"plain", "FAT16", "-F 16 -s 4", 20 << 10};
constexpr made wide{"wide", "FAT32", "-F 32 -s 1 -n UMBRA_LABEL -i 12345678", 40 << 10};

// Places in `plain`: 4 reserved sectors (one cluster, as mkfs.fat aligns), two FATs, the root.
std::uint64_t u16_at(made_volume& v, std::uint64_t at) {
  const auto b = v.read(at, 2);
  return static_cast<unsigned char>(b[0]) | static_cast<std::uint64_t>(static_cast<unsigned char>(b[1])) << 8;
}

struct layout {
  std::uint64_t fat, fat_size, root, data;
};

layout layout_of(made_volume& v) {
  layout l{};
  l.fat = u16_at(v, 14) * 512;
  l.fat_size = u16_at(v, 22) * 512;
  l.root = l.fat + 2 * l.fat_size;
  l.data = l.root + u16_at(v, 17) * 32;
  return l;
}

constexpr std::uint64_t plain_cluster = 2048;

// A record of a folder: NAME.
std::string record(const char* name, char attributes, std::uint16_t first, std::uint32_t size) {
  std::string r(name);
  r.resize(11, ' ');
  r += attributes;
  r.resize(26, '\0');
  for (unsigned i = 0; i < 2; ++i) r += static_cast<char>(first >> 8 * i & 0xff);
  for (unsigned i = 0; i < 4; ++i) r += static_cast<char>(size >> 8 * i & 0xff);
  return r;
}

void expect_doubt(made_volume& volume, const char* words) {
  const auto device = volume.open();
  const auto map = map_of(*device);
  EXPECT_EQ(map.used, whole(*device)) << words;
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr(words)));
  EXPECT_TRUE(recognise_fat(*device).value()->find_files(plan::path_patterns({"*"})).has_error());
}

}  // namespace

TEST(fat_volume, is_nothing_without_a_boot_sector) {
  for (const std::uint64_t size : {0u, 511u, 512u, 65536u}) {
    io::memory_device device(size);
    EXPECT_EQ(recognise_fat(device).value(), nullptr);
  }
}

TEST(fat_volume, tells_its_label_and_serial_number) {
  const made_volume volume(wide, false);
  const auto device = volume.open();
  const auto facts = recognise_fat(*device).value()->facts();
  EXPECT_EQ(facts.label, "UMBRA_LABEL");
  EXPECT_EQ(facts.id, "1234-5678");
  EXPECT_EQ(facts.size, std::uint64_t{40} << 20);
  EXPECT_EQ(facts.cluster, 512u);
}

TEST(fat_volume, that_makes_no_sense_is_copied_whole) {
  struct {
    std::uint64_t offset;
    std::string bytes;
    const char* words;
  } const cases[] = {
      {11, std::string("\0\3", 2), "sector or cluster size"},
      {13, "\3", "sector or cluster size"},
      {16, std::string(1, '\0'), "number of FATs"},
      {14, std::string(2, '\0'), "boot sector"},
      {54, "FAT12   ", "another name"},
      {22, std::string("\1\0", 2), "FAT is too small"},
      {17, std::string(2, '\0'), "root directory"},
      {19, "\xff\xff", "larger than its volume"},
  };
  for (const auto& c : cases) {
    made_volume volume(plain, false);
    volume.write(c.offset, c.bytes);
    expect_doubt(volume, c.words);
  }
}

TEST(fat_volume, with_32_bits_that_makes_no_sense_is_copied_whole) {
  struct {
    std::uint64_t offset;
    std::string bytes;
    const char* words;
  } const cases[] = {
      {42, "\1", "unknown version"}, {40, "\x87", "does not have"}, {44, "\xff\xff\xff", "lies outside"}, {17, "\1", "two root"}};
  for (const auto& c : cases) {
    made_volume volume(wide, false);
    volume.write(c.offset, c.bytes);
    expect_doubt(volume, c.words);
  }
}

TEST(fat_volume, with_an_unreadable_fat_or_folder_is_copied_whole) {
  made_volume volume(plain, false);
  const auto l = layout_of(volume);
  for (const auto at : {l.fat, l.fat + l.fat_size, l.root}) {
    io::fault_plan plan;
    plan.unreadable = {{at, 512}};
    const auto device = io::make_faulty(volume.open(), plan);
    EXPECT_EQ(map_of(*device).used, whole(*device)) << at;
  }
}

TEST(fat_volume, not_cleanly_unmounted_is_understood_all_the_same) {
  made_volume volume(plain, false);
  volume.write(layout_of(volume).fat + 2, "\xff\x7f");
  const auto device = volume.open();
  const auto map = map_of(*device);
  EXPECT_NE(map.used, whole(*device));
  EXPECT_THAT(map.notes, Contains(HasSubstr("not cleanly unmounted")));
}

TEST(fat_volume, uses_what_any_copy_of_its_fat_claims_and_then_looks_up_no_files) {
  made_volume volume(plain, false);
  const auto l = layout_of(volume);
  volume.write(l.fat + 2 * 100, "\xff\xff");               // cluster 100 by the first copy
  volume.write(l.fat + l.fat_size + 2 * 200, "\xff\xff");  // and 200 by the second
  const auto device = volume.open();
  const auto map = map_of(*device);
  for (const std::uint64_t n : {100u, 200u}) {
    const range place{l.data + (n - 2) * plain_cluster, plain_cluster};
    EXPECT_EQ(clip(map.used, place), range_list{place});
  }
  EXPECT_EQ(total_size(map.used), l.data + 2 * plain_cluster);
  EXPECT_THAT(map.notes, Contains(HasSubstr("copies of its FAT differ")));
  EXPECT_TRUE(recognise_fat(*device).value()->find_files(plan::path_patterns({"*"})).has_error());
}

TEST(fat_volume, does_not_use_clusters_marked_bad) {
  made_volume volume(plain, false);
  const auto l = layout_of(volume);
  for (const auto fat : {l.fat, l.fat + l.fat_size}) volume.write(fat + 2 * 100, "\xf7\xff\xff\xff");
  const auto device = volume.open();
  EXPECT_EQ(total_size(map_of(*device).used), l.data + plain_cluster);  // the neighbour
}

// A computer that stopped between the write of a folder and the write of the FAT.
TEST(fat_volume, uses_what_folders_lead_to_even_if_the_fat_calls_it_free) {
  made_volume volume(plain, false);
  const auto l = layout_of(volume);
  volume.write(l.root, record("FOLDER", 0x10, 300, 0) + record("FILE", 0, 400, 5000));
  volume.write(l.data + 298 * plain_cluster, record("INSIDE", 0, 500, 7));
  for (const auto fat : {l.fat, l.fat + l.fat_size}) volume.write(fat + 2 * 400, "\x91\x01");  // goes on at 401, which is free
  const auto device = volume.open();
  const auto map = map_of(*device);
  for (const std::uint64_t n : {300u, 400u, 401u, 500u}) {
    const range place{l.data + (n - 2) * plain_cluster, plain_cluster};
    EXPECT_EQ(clip(map.used, place), range_list{place}) << n;
  }
  EXPECT_EQ(total_size(map.used), l.data + 4 * plain_cluster);
  EXPECT_THAT(map.notes, Contains(HasSubstr("leads nowhere")));
  EXPECT_TRUE(recognise_fat(*device).value()->find_files(plan::path_patterns({"*"})).has_error());
}

TEST(fat_volume, with_chains_that_meet_or_turn_back_ends_its_walk_and_looks_up_no_files) {
  made_volume volume(plain, false);
  const auto l = layout_of(volume);
  volume.write(l.root, record("A", 0, 10, 90000) + record("B", 0, 20, 90000) + record("LOOP", 0x10, 30, 0));
  for (const auto fat : {l.fat, l.fat + l.fat_size}) {
    volume.write(fat + 20, std::string("\x0b\0\x0a\0", 4));  // 10 -> 11 -> 10
    volume.write(fat + 40, std::string("\x0a\0", 2));        // 20 -> 10
    volume.write(fat + 60, std::string("\x1e\0", 2));        // 30 -> 30
  }
  const auto device = volume.open();
  const auto map = map_of(*device);
  fuzz::check_map(map, device->geometry().size);
  EXPECT_EQ(total_size(map.used), l.data + 4 * plain_cluster);
  EXPECT_THAT(map.notes, Contains(HasSubstr("shares its place")));
  EXPECT_TRUE(recognise_fat(*device).value()->find_files(plan::path_patterns({"*"})).has_error());
}

TEST(fat_volume, uses_what_lies_behind_the_file_system) {
  made_volume volume(plain, false);
  test::shell(fmt::format("truncate -s {} {}", (20 << 20) + 777, volume.path()));
  const auto device = volume.open();
  EXPECT_EQ(map_of(*device).used.back().end(), (20u << 20) + 777);
}

TEST(fat_volume, tells_at_most_as_many_ranges_and_extents_as_asked) {
  if (!has_mtools()) GTEST_SKIP() << "mtools are not installed";
  const made_volume volume(plain);
  const auto device = volume.open();
  plan::scan_options few;
  few.used_range_limit = 2;
  few.file_extent_limit = 1;
  const auto exact = map_of(*device);
  const auto coarse = map_of(*device, few);
  EXPECT_GT(exact.used.size(), 2u);
  EXPECT_GT(exact.files.size(), 1u);
  EXPECT_THAT(subtract(exact.used, coarse.used), IsEmpty());
  EXPECT_EQ(coarse.used.back().end(), device->geometry().size);
  EXPECT_LE(coarse.files.size(), 1u);
  EXPECT_THAT(coarse.notes, Contains(HasSubstr("not all files")));
  few.files = false;
  EXPECT_THAT(map_of(*device, few).files, IsEmpty());
}

// Any damage: no crash, an end, and a map that holds what the FAT and fsck.fat find in use.
TEST(fat_volume, mutated_is_never_too_small) {
  if (!has_mtools()) GTEST_SKIP() << "mtools are not installed";
  made_volume seed(made{"seed", "FAT16", "-F 16 -s 1", 2500});
  const auto original = seed.read(0, 2500 << 10);
  std::uint64_t random = 88172645463325252u;
  const auto next = [&](std::uint64_t below) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return random % below;
  };
  const auto l = layout_of(seed);
  for (int round = 0; round < 400; ++round) {
    auto bytes = original;
    for (std::uint64_t n = 1 + next(8); n != 0; --n) {
      const auto reach = next(3) == 0 ? 64 : next(2) == 0 ? l.data : std::uint64_t{bytes.size()};
      bytes[static_cast<std::size_t>(next(reach))] = static_cast<char>(next(256));
    }
    std::vector<std::byte> copy(bytes.size());
    std::memcpy(copy.data(), bytes.data(), bytes.size());
    io::memory_device device(std::move(copy));
    const auto found = recognise_fat(device).value();
    if (!found) continue;
    fuzz::check_volume(*found, bytes.size());
    if (std::string_view(bytes).substr(0, 64) != std::string_view(original).substr(0, 64)) continue;
    range_list claimed;
    for (std::uint64_t c = 2; c < 2 + (bytes.size() - l.data) / 512; ++c) {
      const auto entry = std::string_view(bytes).substr(l.fat + 2 * c, 2);
      if (entry != std::string_view("\0\0", 2) && entry != "\xf7\xff") claimed.push_back({l.data + (c - 2) * 512, 512});
    }
    normalise(claimed);
    ASSERT_THAT(subtract(claimed, found->used_blocks({}).value().used), IsEmpty()) << "round " << round;
  }
}

}  // namespace umbra::fs
