// SPDX-License-Identifier: GPL-3.0-or-later
// Damaged volumes, the same ones every time: whatever is broken, the map is the whole volume or holds all that is in use. The
// oracle is ntfsresize, which compares $Bitmap with all files: where it finds no fault, what $Bitmap claims is what is in use.
#include <fstream>
#include <random>

#include "tests/formats/fs/ntfs_kit.h"

namespace umbra::fs {
namespace {

constexpr int mutants = 240;

// Bytes of structures: boot sectors, file records, the mirror, $Bitmap, the beginning of $LogFile.
range_list structures(ntfs_disk& disk) {
  const auto& g = disk.geometry();
  range_list list{{0, 84}, {disk.size() - 512, 84}, {disk.data_at(ntfs_file::log), 512}};
  for (const auto number : {ntfs_file::mft, ntfs_file::mirror, ntfs_file::bitmap}) {
    for (const auto& r : disk.data(number).places(g)) list.push_back(r);
  }
  normalise(list);
  return list;
}

class mutator {
 public:
  mutator(ntfs_disk& disk, unsigned seed) : places_(structures(disk)), random_(seed) {}

  void change(std::vector<std::byte>& volume) {
    for (auto n = random_() % 2 + 1; n > 0; --n) {
      auto& byte = volume[place()];
      switch (random_() % 3) {
        case 0: byte ^= std::byte{1} << random_() % 8; break;
        case 1: byte = static_cast<std::byte>(random_() & 0xff); break;
        default: byte = std::byte{0xff}; break;
      }
    }
  }

 private:
  std::uint64_t place() {
    auto n = random_() % total_size(places_);
    for (const auto& r : places_) {
      if (n < r.size) return r.offset + n;
      n -= r.size;
    }
    return 0;
  }

  range_list places_;
  std::mt19937_64 random_;
};

// $Bitmap as ntfscat reads it if ntfsresize finds no fault, else nothing.
std::string bits_if_sound(const std::string& path) {
  return test::shell(
      fmt::format("if timeout 20 ntfsresize --info --force {0} >/dev/null; then timeout 20 ntfscat -f -i 6 {0}; fi; true", path));
}

}  // namespace

TEST(ntfs_mutants, are_copied_whole_or_with_all_that_is_in_use) {
  made_ntfs made("-c 512", "3M");
  for (int i = 0; i < 12; ++i) made.add(fmt::format("file {}", i), std::string(static_cast<std::size_t>(i) * 3000, 'x'));
  auto disk = made.disk();
  const auto whole = std::vector<std::byte>(disk.at(0, disk.size()).begin(), disk.at(0, disk.size()).end());
  const auto clusters = disk.geometry().clusters;
  const auto exact = disk.map().used;
  mutator mutate(disk, 20240607);
  test::temp_dir dir;
  int sound = 0;
  int understood = 0;
  for (int i = 0; i < mutants; ++i) {
    auto bytes = whole;
    mutate.change(bytes);
    io::memory_device device(bytes);
    auto volume = recognise_ntfs(device).value();
    if (!volume) volume = recognise_ntfs_by_backup(device).value();
    if (!volume) continue;
    const auto used = volume->used_blocks({}).value().used;
    if (total_size(used) == whole.size()) continue;
    ++understood;
    // $Bitmap and the files' records say the same twice: one of them at least is as it was.
    ASSERT_TRUE(subtract(exact, used).empty()) << "mutant " << i;
    if (i % 3 != 0) continue;  // the tools take their time
    std::ofstream(dir.at("mutant"), std::ios::binary) << as_text(bytes);
    const auto bits = bits_if_sound(dir.at("mutant"));
    sound += bits.empty() ? 0 : 1;
    for (std::uint64_t c = 0; c < clusters && c / 8 < bits.size(); ++c) {
      if ((bits[c / 8] >> c % 8 & 1) == 0) continue;
      ASSERT_EQ(total_size(clip(used, {c * 512, 512})), 512u) << "mutant " << i << ", cluster " << c;
    }
  }
  // Enough of both kinds, so that the comparison means something.
  EXPECT_GT(sound, 20);
  EXPECT_LT(understood, mutants);
}

}  // namespace umbra::fs
