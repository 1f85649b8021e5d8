// SPDX-License-Identifier: GPL-3.0-or-later
// Every bit of every file of a small vault and of an image file turned over; every file cut off, lengthened, deleted, and changed
// for another. Reading gives the right bytes or an error, never wrong bytes, and verify names the file.
#include <algorithm>

#include <gtest/gtest.h>

#include "engine/image/image_device.h"
#include "tests/support/crash_kit.h"
#include "tests/support/held_files.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

// "/vault/packs/4c/4c8a-0" is told as "packs/4c/4c8a-0", an image file by its path.
std::string told_name(const std::string& path) {
  const std::string vault = "/vault/";
  return path.starts_with(vault) ? path.substr(vault.size()) : path;
}

bool is_index(const std::string& path) { return path.starts_with("/vault/index/"); }

class damage : public testing::TestWithParam<place_case> {
 protected:
  damage() {
    const auto disk = place_->make_disk();
    must(place_->prepare(*disk));
    must(known_.take(*place_, *disk, 0, bytes_));
    change(bytes_, 1'000);
    must(known_.take(*place_, *disk, 1, bytes_, 0));
    for (const auto& path : disk->all_files()) {
      const auto name = path.substr(path.rfind('/') + 1);
      if (!name.starts_with('.')) held_.files[path] = *disk->content(path);
    }
  }

  // Words for what is wrong with what images give, or with what verify tells, which is to name one of `paths`.
  std::string fault_with_damage_in(const std::vector<std::string>& paths) {
    std::string wrong;
    const auto faults = place_->faults(held_, [&](std::uint64_t number, image::image_reader& image) {
      const auto device = image::make_image_device(image, 0);
      if (device.has_error() || device.value()->read(0, bytes_).has_error()) return;
      if (bytes_ != known_.images.at(number).bytes) wrong = "image " + std::to_string(number) + " reads wrong";
    });
    if (!wrong.empty()) return wrong;
    if (std::ranges::all_of(paths, is_index)) return faults.empty() ? "" : "an index told as damage: " + faults.front();
    if (faults.empty()) return "not found by verify";
    for (const auto& path : paths) {
      const auto names_it = [&](const std::string& text) { return text.find(told_name(path)) != std::string::npos; };
      if (std::ranges::any_of(faults, names_it)) return "";
    }
    return "told without its name: " + faults.front();
  }

  std::vector<std::string> paths() const {
    std::vector<std::string> all;
    for (const auto& [path, bytes] : held_.files) all.push_back(path);
    return all;
  }

  const std::unique_ptr<image_place> place_ = make_place(GetParam());
  image_ledger known_;
  held_files held_;
  content bytes_ = random_bytes(1, 6'000);
};

TEST_P(damage, is_absent_to_begin_with) {
  EXPECT_TRUE(place_->faults(held_).empty());
  EXPECT_GE(held_.files.size(), 2U);
}

TEST_P(damage, of_one_bit_is_found_wherever_it_is) {
  held_.files.erase("/images/1.umbra");  // one image file has every structure, and takes a third of the time
  for (const auto& path : paths()) {
    auto& bytes = held_.files[path];
    // Of an index, which is not read here but checked by verify, some bits will do.
    const std::size_t step = (is_slow_build ? 37 : 1) * (is_index(path) ? 61 : 1);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      for (unsigned bit = 0; bit < 8; bit += is_slow_build ? 3 : 1) {
        const auto mask = std::byte{1} << bit;
        bytes[at] ^= mask;
        ASSERT_EQ(fault_with_damage_in({path}), "") << path << ", bit " << bit << " of byte " << at;
        bytes[at] ^= mask;
      }
    }
  }
}

TEST_P(damage, of_a_file_cut_off_anywhere_is_found) {
  for (const auto& path : paths()) {
    const auto whole = held_.files[path];
    const std::size_t step = (is_slow_build ? 101 : 1) * (is_index(path) ? 61 : 1);
    for (std::size_t size = 0; size < whole.size(); size += step) {
      held_.files[path].resize(size);
      ASSERT_EQ(fault_with_damage_in({path}), "") << path << " of " << size << " bytes";
      held_.files[path] = whole;
    }
  }
}

TEST_P(damage, of_a_file_with_more_behind_it_is_found) {
  for (const auto& path : paths()) {
    const auto whole = held_.files[path];
    for (const std::size_t more : {1U, 15U, 16U, 96U, 4095U, 4096U, 8192U, 100'000U}) {
      for (const auto& tail : {zero_bytes(more), random_bytes(more, more), content(whole.rbegin(), whole.rend())}) {
        if (path == "/vault/vault" && tail.size() <= 4096) continue;  // where key slots may stand one day
        held_.files[path].insert(held_.files[path].end(), tail.begin(), tail.end());
        ASSERT_EQ(fault_with_damage_in({path}), "") << path << " with " << tail.size() << " bytes more";
        held_.files[path] = whole;
      }
    }
  }
}

// Stretches of zeros and of other bytes, as a disk returns that lost a sector or wrote it elsewhere.
TEST_P(damage, of_a_stretch_is_found) {
  for (const auto& path : paths()) {
    const auto whole = held_.files[path];
    for (const std::size_t size : {16U, 512U, 4096U}) {
      for (std::size_t at = 0; at + size <= whole.size(); at += is_slow_build ? 5 * size : size) {
        for (const auto& stretch : {zero_bytes(size), random_bytes(at, size)}) {
          std::ranges::copy(stretch, held_.files[path].begin() + static_cast<std::ptrdiff_t>(at));
          if (held_.files[path] == whole) continue;
          ASSERT_EQ(fault_with_damage_in({path}), "") << path << ", " << size << " bytes at " << at;
          held_.files[path] = whole;
        }
      }
    }
  }
}

// Names of image files mean nothing, those of a vault's objects do.
class damaged_vault : public damage {};

// An image whose outcome is gone does not exist any more, and `begin` is for people: nobody can miss them.
bool may_be_missing(const std::string& path) { return path.ends_with("/outcome") || path.ends_with("/begin"); }

TEST_P(damaged_vault, with_an_object_gone_is_found) {
  for (const auto& path : paths()) {
    const auto whole = held_.files[path];
    held_.files.erase(path);
    const auto fault = fault_with_damage_in({path});
    EXPECT_EQ(fault, may_be_missing(path) ? "not found by verify" : "") << path << " is gone";
    held_.files[path] = whole;
  }
}

TEST_P(damaged_vault, with_an_object_that_holds_anothers_bytes_is_found) {
  const auto all = paths();
  for (const auto& one : all) {
    for (const auto& other : all) {
      if (one >= other || held_.files[one] == held_.files[other]) continue;
      std::swap(held_.files[one], held_.files[other]);
      ASSERT_EQ(fault_with_damage_in({one, other}), "") << one << " and " << other << " changed places";
      std::swap(held_.files[one], held_.files[other]);
      const auto whole = held_.files[one];
      held_.files[one] = held_.files[other];
      ASSERT_EQ(fault_with_damage_in({one}), "") << one << " is a copy of " << other;
      held_.files[one] = whole;
    }
  }
}

// What is derived may be wrong in any way: the next backup is right, and dedup finds nothing false.
TEST_P(damaged_vault, with_any_damage_in_its_index_takes_right_backups) {
  std::vector<std::string> indexes;
  std::ranges::copy_if(paths(), std::back_inserter(indexes), is_index);
  ASSERT_FALSE(indexes.empty());
  const auto disk = place_->make_disk();
  for (const auto& [path, bytes] : held_.files) disk->plant(path, bytes);
  for (const auto& path : indexes) {
    const auto& whole = held_.files[path];
    for (std::size_t at = 0; at < whole.size(); at += (whole[at] == std::byte{0} ? 59 : 3) * (is_slow_build ? 20 : 1)) {
      const auto after = disk->crash(0, crash_policy::keep_all());
      auto bent = whole;
      bent[at] ^= std::byte{1} << (at % 8);
      after->plant(path, bent);
      auto known = known_;
      must(known.take(*place_, *after, 2, bytes_));
      ASSERT_EQ(fault_of(*place_, *after, known, after->operation_count()), "") << path << ", byte " << at;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(of, damage, testing::Values(image_places[0], image_places[2]), name_of_place);
INSTANTIATE_TEST_SUITE_P(of, damaged_vault, testing::Values(image_places[0]), name_of_place);

}  // namespace
}  // namespace umbra::test
