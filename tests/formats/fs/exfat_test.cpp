// SPDX-License-Identifier: GPL-3.0-or-later
// Real volumes made by mkfs.exfat and filled over FUSE; the oracles are dump.exfat (free clusters) and the files' bytes at the
// places told.
#include "formats/fs/exfat.h"

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

struct made {
  const char* name;
  const char* options;
  const char* size;
};

void PrintTo(const made& m, std::ostream* out) { *out << m.name; }

constexpr made kinds[] = {
    {"small", "-L Umbra", "20M"},           {"clusters_512", "-c 512", "9M"}, {"clusters_32k", "-c 32K", "300M"},
    {"clusters_128k", "-c 128K", "900M"},   {"clusters_1m", "-c 1M", "500M"}, {"packed_bitmap", "-c 4K --pack-bitmap", "100M"},
    {"odd_size", "-c 4K -b 64K", "77777K"},
};

std::string sector_text(int file, std::uint64_t offset) {
  auto text = fmt::format("file {} at {};", file, offset);
  text.resize(512, '.');
  return text;
}

const std::map<int, std::uint64_t> file_sizes{{1, 5000}, {2, 16 << 10},          {3, (16 << 10) - 1}, {4, 100000},
                                              {5, 0},    {6, (300 << 10) + 300}, {7, 1 << 20},        {8, 300}};

std::string path_of(int file) {
  return file % 2 == 0 ? fmt::format("/Ordner/tiefer/Die Datei Nr. {} (größer).dat", file) : fmt::format("/f{}.dat", file);
}

bool can_make() {
  return std::system("PATH=$PATH:/usr/sbin; command -v mkfs.exfat >/dev/null && command -v dump.exfat >/dev/null") == 0;
}

class made_volume {
 public:
  explicit made_volume(const made& how) : path_(dir_.at("volume")) {
    test::shell(fmt::format("truncate -s {} {} && mkfs.exfat {} {}", how.size, path_, how.options, path_));
  }
  // Holes between files, so that some have chains. False if exFAT cannot be mounted here.
  bool fill() {
    std::string script =
        "mkdir -p Ordner/tiefer; for i in 1 2 3 4 5 6 7 8; do head -c 30000 /dev/zero >gap$i; done; rm gap[1357];";
    for (const auto& [file, size] : file_sizes) {
      const auto from = dir_.at(fmt::format("file{}", file));
      std::ofstream out(from, std::ios::binary);
      for (std::uint64_t o = 0; o < size; o += 512) out << sector_text(file, o).substr(0, std::min<std::uint64_t>(512, size - o));
      script += fmt::format("cp {} \".{}\";", from, path_of(file));
    }
    return std::system(fmt::format("{}/tests/support/exfat_fill.sh {} '{} rm gap2'", UMBRA_SOURCE_DIR, path_, script).c_str()) ==
           0;
  }
  std::unique_ptr<io::device> open() const { return std::move(io::open_device(path_, {}).value()); }
  void write(std::uint64_t offset, std::string_view bytes) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file << bytes;
  }
  std::string read(std::uint64_t offset, std::size_t size) const {
    std::ifstream file(path_, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    std::string bytes(size, 0);
    file.read(bytes.data(), static_cast<std::streamsize>(size));
    return bytes;
  }
  std::uint64_t number_at(std::uint64_t offset, unsigned size) const {
    std::uint64_t n = 0;
    const auto bytes = read(offset, size);
    for (unsigned i = 0; i < size; ++i) n |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
    return n;
  }
  std::uint64_t cluster_size() const { return std::uint64_t{1} << (number_at(108, 1) + number_at(109, 1)); }
  std::uint64_t place(std::uint64_t cluster) const { return number_at(88, 4) * 512 + (cluster - 2) * cluster_size(); }
  std::uint64_t root() const { return place(number_at(96, 4)); }
  const std::string& path() const { return path_; }
  std::uint64_t free_clusters() const {
    return std::stoull(test::shell("dump.exfat " + path_ + " | sed -n 's/^Free Clusters:[^0-9]*//p'"));
  }
  // The boot region's checksum, after a change.
  void mend_checksum() {
    auto region = read(0, 12 * 512);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < 11 * 512; ++i) {
      if (i != 106 && i != 107 && i != 112) sum = (sum << 31 | sum >> 1) + static_cast<unsigned char>(region[i]);
    }
    for (std::size_t i = 11 * 512; i < region.size(); ++i) region[i] = static_cast<char>(sum >> (i % 4 * 8) & 0xff);
    write(0, region);
  }

 private:
  test::temp_dir dir_;
  std::string path_;
};

plan::allocation map_of(io::device& volume, const plan::scan_options& options = {}) {
  return recognise_exfat(volume).value()->used_blocks(options).value();
}

range_list whole(const io::device& d) { return {{0, d.geometry().size}}; }

std::uint64_t sectors_of(io::device& volume, const range_list& places, int file) {
  std::uint64_t count = 0;
  for (const auto& r : places) {
    std::vector<std::byte> bytes(r.size);
    EXPECT_TRUE(volume.read(r.offset, bytes).has_value());
    for (std::uint64_t i = 0; i < r.size; i += 512)
      count += as_text(bytes).substr(i).starts_with(fmt::format("file {} at ", file));
  }
  return count;
}

class exfat_kinds : public testing::TestWithParam<made> {
  void SetUp() override {
    if (!can_make()) GTEST_SKIP() << "exfatprogs are not installed";
  }
};

class exfat_volume : public testing::Test {
  void SetUp() override {
    if (!can_make()) GTEST_SKIP() << "exfatprogs are not installed";
  }
};

}  // namespace

// One test, because making a volume is what takes time.
TEST_P(exfat_kinds, have_the_clusters_of_dump_exfat_and_the_files_where_their_bytes_are) {
  made_volume volume(GetParam());
  const bool filled = volume.fill();
  const auto device = volume.open();
  const auto found = recognise_exfat(*device).value();
  ASSERT_NE(found, nullptr);
  const auto map = found->used_blocks({}).value();
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("used")));
  const auto size = device->geometry().size;
  const auto free = volume.free_clusters() * volume.cluster_size();
  EXPECT_EQ(total_size(map.used), size - free);
  fuzz::check_map(map, size);
  std::uint64_t told_free = 0;
  const auto owners = found->owners(whole(*device)).value();
  fuzz::check_owners(owners, whole(*device));
  for (const auto& o : owners) told_free += o.kind == plan::owner_kind::free_space ? o.where.size : 0;
  EXPECT_EQ(told_free, free);
  EXPECT_THAT(owners, Contains(testing::Field(&plan::range_owner::name, "allocation bitmap")));
  if (!filled) GTEST_SKIP() << "exFAT cannot be mounted here";

  std::map<int, std::uint64_t> told;
  for (const auto& f : map.files) {
    std::vector<std::byte> bytes(512);
    ASSERT_TRUE(device->read(f.offset, bytes).has_value());
    const auto text = as_text(bytes);
    if (!text.starts_with("file ")) continue;  // one of the gaps
    EXPECT_THAT(std::string(text), HasSubstr(fmt::format(" at {};", f.file_offset)));
    told[std::stoi(std::string(text.substr(5, 3)))] += f.size;
  }
  for (const auto& [file, bytes] : file_sizes) {
    EXPECT_GE(told[file], bytes < plan::file_extent_minimum ? 0 : bytes);
    const auto files = found->find_files(plan::path_patterns({path_of(file)})).value();
    ASSERT_EQ(files.size(), 1u) << path_of(file);
    EXPECT_EQ(files[0].size, bytes);
    EXPECT_EQ(sectors_of(*device, files[0].data, file), (bytes + 511) / 512) << path_of(file);
    EXPECT_THAT(subtract(files[0].data, map.used), IsEmpty());
    const auto its = found->owners(files[0].data).value();
    for (const auto& o : its) EXPECT_EQ(o.name, files[0].path);
  }
  EXPECT_EQ(found->find_files(plan::path_patterns({"*.DAT"})).value().size(), file_sizes.size());
}

INSTANTIATE_TEST_SUITE_P(mkfs, exfat_kinds, testing::ValuesIn(kinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

namespace {

constexpr made plain{"plain", "-L Umbra -c 4K -b 64K", "9M"};

// A file's set of records: NAME, where it lies and how large it is.
std::string records(char name, char attributes, unsigned flags, std::uint32_t first, std::uint64_t size) {
  std::string r(96, '\0');
  r[0] = '\x85';
  r[1] = 2;
  r[4] = attributes;
  r[32] = '\xc0';
  r[33] = static_cast<char>(flags);
  r[35] = 1;
  for (unsigned i = 0; i < 4; ++i) r[32 + 20 + i] = static_cast<char>(first >> 8 * i & 0xff);
  for (unsigned i = 0; i < 8; ++i) r[32 + 24 + i] = r[32 + 8 + i] = static_cast<char>(size >> 8 * i & 0xff);
  r[64] = '\xc1';
  r[66] = name;
  unsigned sum = 0;
  for (std::size_t i = 0; i < r.size(); ++i) {
    if (i != 2 && i != 3) sum = ((sum << 15 | sum >> 1) + static_cast<unsigned char>(r[i])) & 0xffff;
  }
  r[2] = static_cast<char>(sum & 0xff);
  r[3] = static_cast<char>(sum >> 8);
  return r;
}

// The first free record of an empty volume's root: label, bitmap and table come first.
constexpr std::uint64_t behind_structures = 96;

void expect_doubt(const made_volume& volume, const char* words) {
  const auto device = volume.open();
  const auto map = map_of(*device);
  EXPECT_EQ(map.used, whole(*device)) << words;
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr(words)));
  EXPECT_TRUE(recognise_exfat(*device).value()->find_files(plan::path_patterns({"*"})).has_error());
}

}  // namespace

TEST_F(exfat_volume, is_nothing_without_a_boot_sector) {
  for (const std::uint64_t size : {0u, 511u, 65536u}) {
    io::memory_device device(size);
    EXPECT_EQ(recognise_exfat(device).value(), nullptr);
  }
}

TEST_F(exfat_volume, tells_its_label_and_serial_number) {
  made_volume volume(plain);
  volume.write(100, "\x78\x56\x34\x12");
  volume.mend_checksum();
  const auto device = volume.open();
  const auto facts = recognise_exfat(*device).value()->facts();
  EXPECT_EQ(facts.kind, "exFAT");
  EXPECT_EQ(facts.label, "Umbra");
  EXPECT_EQ(facts.id, "1234-5678");
  EXPECT_EQ(facts.size, std::uint64_t{9} << 20);
  EXPECT_EQ(facts.cluster, 4096u);
}

TEST_F(exfat_volume, with_a_wrong_checksum_is_copied_whole) {
  made_volume volume(plain);
  volume.write(600, "x");
  expect_doubt(volume, "checksum of its boot region");
}

TEST_F(exfat_volume, that_makes_no_sense_is_copied_whole) {
  struct {
    std::uint64_t offset;
    std::string bytes;
    const char* words;
  } const cases[] = {
      {11, "x", "boot sector"},
      {108, "\7", "sector or cluster size"},
      {105, "\2", "unknown revision"},
      {110, "\3", "number of FATs"},
      {72, "\xff\xff\xff\xff", "larger than its volume"},
      {80, std::string(4, '\0'), "place of its FAT"},
      {84, std::string("\1\0\0\0", 4), "FAT is too small"},
      {88, std::string(4, '\0'), "place of its clusters"},
      {92, std::string("\xff\x09\0\0", 4), "behind its end"},
      {92, std::string(4, '\0'), "no clusters"},
      {96, "\xff\xff\xff\xff", "root directory lies outside"},
  };
  for (const auto& c : cases) {
    made_volume volume(plain);
    volume.write(c.offset, c.bytes);
    if (c.offset != 108) volume.mend_checksum();
    expect_doubt(volume, c.words);
  }
}

TEST_F(exfat_volume, with_a_damaged_copy_of_its_boot_region_says_so) {
  made_volume volume(plain);
  volume.write(12 * 512 + 600, "x");
  const auto device = volume.open();
  const auto map = map_of(*device);
  EXPECT_NE(map.used, whole(*device));
  EXPECT_THAT(map.notes, Contains(HasSubstr("copy of its boot region")));
}

TEST_F(exfat_volume, without_its_structures_or_with_unknown_ones_is_copied_whole) {
  struct {
    std::uint64_t offset;  // in the root
    std::string bytes;
    const char* words;
  } const cases[] = {
      {32, "\x01", "number of allocation bitmaps"},     {64, "\x02", "no up-case table"},
      {32 + 24, std::string("\1\0\0", 3), "too short"}, {64 + 4, "\x12\x34", "checksum of its up-case table"},
      {behind_structures, "\x8f", "an unknown record"}, {64 + 26, "\xff", "too short"},
  };
  for (const auto& c : cases) {
    made_volume volume(plain);
    volume.write(volume.root() + c.offset, c.bytes);
    expect_doubt(volume, c.words);
  }
}

TEST_F(exfat_volume, with_an_unreadable_structure_is_copied_whole) {
  const made_volume volume(plain);
  const auto bitmap = volume.place(volume.number_at(volume.root() + 32 + 20, 4));
  for (const auto at : {bitmap, volume.root(), volume.number_at(80, 4) * 512}) {
    io::fault_plan plan;
    plan.unreadable = {{at, 512}};
    const auto device = io::make_faulty(volume.open(), plan);
    EXPECT_EQ(map_of(*device).used, whole(*device)) << at;
  }
}

// A computer that stopped between the write of a folder and the write of the bitmap.
TEST_F(exfat_volume, uses_what_folders_lead_to_even_if_the_bitmap_calls_it_free) {
  made_volume volume(plain);
  volume.write(volume.root() + behind_structures, records('a', 0x20, 3, 100, 3 * 4096) + records('d', 0x10, 3, 200, 4096));
  volume.write(volume.place(200), records('b', 0x20, 1, 300, 5000));
  volume.write(volume.number_at(80, 4) * 512 + 4 * 300, std::string("\x2e\1\0\0", 4));  // 300 -> 302
  volume.write(volume.number_at(80, 4) * 512 + 4 * 302, std::string("\xff\xff\xff\xff", 4));
  volume.write(106, "\2");  // dirty
  const auto device = volume.open();
  const auto map = map_of(*device);
  for (const std::uint64_t n : {100u, 101u, 102u, 200u, 300u, 302u}) {
    const range place{volume.place(n), 4096};
    EXPECT_EQ(clip(map.used, place), range_list{place}) << n;
  }
  EXPECT_EQ(total_size(map.used), device->geometry().size - (volume.free_clusters() - 6) * 4096);
  EXPECT_THAT(map.notes, Contains(HasSubstr("not cleanly unmounted")));
  const auto files = recognise_exfat(*device).value()->find_files(plan::path_patterns({"/d/b"})).value();
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].data, (range_list{{volume.place(300), 4096}, {volume.place(302), 4096}}));
}

TEST_F(exfat_volume, with_damaged_files_looks_up_none) {
  const std::string cases[] = {
      records('a', 0x20, 3, 100, 5000) + records('b', 0x20, 3, 101, 5000),  // they share a cluster
      records('a', 0x20, 3, 1, 5000),                                       // there is no such cluster
      records('a', 0x20, 3, 100, ~std::uint64_t{0}),
      records('/', 0x20, 3, 100, 5000),
      records('a', 0x20, 3, 100, 5000).replace(40, 1, "x"),  // its checksum is another one
      records('a', 0x20, 3, 100, 5000).substr(0, 64),        // it breaks off
  };
  for (const auto& c : cases) {
    made_volume volume(plain);
    volume.write(volume.root() + behind_structures, c);
    const auto device = volume.open();
    const auto map = map_of(*device);
    fuzz::check_map(map, device->geometry().size);
    EXPECT_THAT(map.notes, Contains(HasSubstr("some files are damaged")));
    EXPECT_TRUE(recognise_exfat(*device).value()->find_files(plan::path_patterns({"*"})).has_error());
  }
}

TEST_F(exfat_volume, tells_at_most_as_many_ranges_and_extents_as_asked) {
  made_volume volume(plain);
  volume.write(volume.root() + behind_structures, records('a', 0x20, 3, 100, 20000) + records('b', 0x20, 3, 200, 20000));
  const auto device = volume.open();
  plan::scan_options few;
  few.used_range_limit = 2;
  few.file_extent_limit = 1;
  const auto exact = map_of(*device);
  const auto coarse = map_of(*device, few);
  EXPECT_EQ(exact.files.size(), 2u);
  EXPECT_EQ(coarse.files.size(), 1u);
  EXPECT_THAT(subtract(exact.used, coarse.used), IsEmpty());
  EXPECT_EQ(coarse.used.back().end(), device->geometry().size);
}

// Any damage: no crash, an end, and where the map is not the whole volume it holds all that the bitmap claims.
TEST_F(exfat_volume, mutated_is_never_too_small) {
  made_volume volume(plain);
  volume.write(volume.root() + behind_structures,
               records('a', 0x20, 3, 100, 20000) + records('d', 0x10, 3, 200, 4096) + records('c', 0x20, 1, 300, 9000));
  volume.write(volume.place(200), records('b', 0x20, 3, 400, 5000));
  const auto original = volume.read(0, 9 << 20);
  const auto bitmap = volume.place(volume.number_at(volume.root() + 32 + 20, 4));
  const auto clusters = volume.number_at(92, 4);
  std::uint64_t random = 88172645463325252u;
  const auto next = [&](std::uint64_t below) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return random % below;
  };
  const range places[] = {
      {106, 2}, {volume.number_at(80, 4) * 512, 2400}, {bitmap, 300}, {volume.root(), 512}, {volume.place(200), 128}};
  for (int round = 0; round < 400; ++round) {
    std::vector<std::byte> bytes(original.size());
    std::memcpy(bytes.data(), original.data(), original.size());
    for (std::uint64_t n = 1 + next(6); n != 0; --n) {
      const auto& place = places[next(std::size(places))];
      bytes[static_cast<std::size_t>(place.offset + next(place.size))] = static_cast<std::byte>(next(256));
    }
    const auto copy = bytes;
    io::memory_device device(std::move(bytes));
    const auto found = recognise_exfat(device).value();
    ASSERT_NE(found, nullptr);
    fuzz::check_volume(*found, copy.size());
    const auto root = static_cast<std::ptrdiff_t>(volume.root());
    if (!std::equal(copy.begin() + root, copy.begin() + root + 96, reinterpret_cast<const std::byte*>(original.data()) + root)) {
      continue;  // the bitmap may lie elsewhere now
    }
    range_list claimed;
    for (std::uint64_t c = 0; c < clusters; ++c) {
      const bool set = (std::to_integer<unsigned>(copy[bitmap + c / 8]) >> c % 8 & 1) != 0;
      if (set) claimed.push_back({volume.place(2) + c * 4096, 4096});
    }
    normalise(claimed);
    ASSERT_THAT(subtract(claimed, found->used_blocks({}).value().used), IsEmpty()) << "round " << round;
  }
}

}  // namespace umbra::fs
