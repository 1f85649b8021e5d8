// SPDX-License-Identifier: GPL-3.0-or-later
// A small volume of which a few bytes are changed, with checksums mended, some hundred times. Whatever comes of it, the answers
// keep their promises; and where btrfs check still finds nothing wrong, the map has all that dump-tree lists.
#include <cstdio>
#include <fstream>
#include <random>

#include <gmock/gmock.h>

#include "engine/base/units.h"
#include "engine/io/memory_device.h"
#include "formats/fs/btrfs.h"
#include "tests/fuzz/volume_checks.h"
#include "tests/support/btrfs_kit.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t block_size = 4096;
constexpr int mutations = 400;

struct tree_block {
  std::uint64_t place = 0;
  std::uint64_t tree = 0;
};

// Of this volume, whose blocks lie where their addresses say: those in use that have their own address in the right place.
std::vector<tree_block> tree_blocks(io::memory_device& volume, const range_list& used) {
  std::vector<tree_block> blocks;
  for (const auto& r : used) {
    for (auto at = r.offset; at < r.end(); at += block_size) {
      const auto head = read_struct<btrfs_disk_header>(byte_view(volume.contents()).subspan(at));
      if (at >= 1_MiB && head.logical.value() == at && head.level.value() < 8) blocks.push_back({at, head.owner.value()});
    }
  }
  return blocks;
}

// A changed byte is most often one of the header or of the first items, or a number one off.
void bend(std::vector<std::byte>& block, std::mt19937& random) {
  for (auto n = random() % 3 + 1; n > 0; --n) {
    const auto reach = random() % 2 == 0 ? std::size_t{400} : block.size();
    auto& byte = block[32 + random() % (reach - 32)];
    switch (random() % 3) {
      case 0: byte = static_cast<std::byte>(random()); break;
      case 1: byte ^= static_cast<std::byte>(1u << random() % 8); break;
      default: byte = static_cast<std::byte>(static_cast<unsigned>(byte) + 1); break;
    }
  }
}

bool check_accepts(io::memory_device& volume, const std::string& path) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(volume.contents().data()), static_cast<std::streamsize>(volume.contents().size()));
  return test::shell("timeout 20 btrfs check --readonly " + path + " >/dev/null && echo good || echo bad") == "good\n";
}

}  // namespace

TEST(btrfs_mutation, never_makes_a_map_too_small_of_what_btrfs_check_accepts) {
  const test::btrfs_made made("-M -n 4096", "24M");
  std::vector<std::byte> bytes(made.open()->geometry().size);
  ASSERT_TRUE(made.open()->read(0, bytes).has_value());
  io::memory_device volume(std::move(bytes));
  const auto size = volume.geometry().size;
  const auto whole = range_list{{0, size}};
  const auto before = recognise_btrfs(volume).value()->used_blocks({}).value().used;
  auto blocks = tree_blocks(volume, before);
  ASSERT_GT(blocks.size(), 8u);
  for (int i = 0; i < 3; ++i) blocks.push_back({64_KiB, 0});  // the superblock, more often than others

  const test::temp_dir dir;
  std::mt19937 random(20);  // NOLINT(cert-msc51-cpp): the same every time
  int told = 0;             // maps that were not the whole volume, from trees that decide about it
  int accepted = 0;
  for (int i = 0; i < mutations; ++i) {
    const auto& block = blocks[random() % blocks.size()];
    std::vector<std::byte> good(block_size);
    ASSERT_TRUE(volume.read(block.place, good).has_value());
    auto bent = good;
    bend(bent, random);
    test::patch_btrfs_block(volume, block.place, block_size, 32, byte_view(bent).subspan(32));
    const auto found = recognise_btrfs(volume).value();
    if (found) {
      fuzz::check_volume(*found, size);
      const auto used = found->used_blocks({}).value().used;
      const bool decides = block.tree <= btrfs_id::chunk_tree;
      if (!decides) {
        EXPECT_EQ(used, before) << "tree " << block.tree << ", mutation " << i;
      } else if (used != whole) {
        ++told;
        if (check_accepts(volume, dir.at("bent"))) {
          ++accepted;
          EXPECT_THAT(subtract(test::btrfs_used_of(dir.at("bent"), size), used), testing::IsEmpty()) << "mutation " << i;
        }
      }
    }
    ASSERT_TRUE(volume.write(block.place, good).has_value());
  }
  EXPECT_GT(accepted, 5);
  std::printf("%d mutations; of those to deciding trees %d were understood, of which btrfs check accepts %d\n", mutations, told,
              accepted);
}

}  // namespace umbra::fs
