// SPDX-License-Identifier: GPL-3.0-or-later
// Real file systems made by mkfs.btrfs; the oracles are btrfs inspect-internal (extents and chunks) and the files' bytes at the
// places told.
#include "formats/fs/btrfs.h"

#include <gmock/gmock.h>

#include "engine/base/units.h"
#include "engine/base/wire.h"
#include "engine/io/faulty_device.h"
#include "engine/io/memory_device.h"
#include "formats/fs/btrfs_superblock.h"
#include "tests/support/btrfs_kit.h"

namespace umbra::fs {
namespace {

using test::btrfs_file_sizes;
using test::btrfs_made;
using test::btrfs_sector_text;
using test::patch_btrfs_block;
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
    {"plain", "", "150M"},
    {"single_metadata", "-m single", "150M"},
    {"twice_everything", "-d dup -m dup", "200M"},
    {"mixed_4k", "-M -n 4096", "24M"},
    {"nodes_4k", "-n 4096", "150M"},
    {"nodes_32k", "-n 32768", "150M"},
    {"nodes_64k", "-n 65536", "150M"},
    {"sectors_64k", "-n 65536 -s 65536", "300M"},
    {"xxhash", "--csum xxhash", "150M"},
    {"fat_metadata", "-O ^skinny-metadata", "150M"},
    {"explicit_holes", "-O ^no-holes", "150M"},
    {"first_free_space_cache", "-R ^free-space-tree", "150M"},
    {"odd_size", "", "153602561"},
};

plan::allocation map_of(io::device& volume, const plan::scan_options& options = {}) {
  return recognise_btrfs(volume).value()->used_blocks(options).value();
}

range_list whole(const io::device& d) { return {{0, d.geometry().size}}; }

// Every told extent must hold the bytes of one file from its file offset on; answers bytes told for each file.
std::map<int, std::uint64_t> check_extents(io::device& volume, const std::vector<plan::file_extent>& files) {
  std::map<int, std::uint64_t> told;
  for (const auto& f : files) {
    std::vector<std::byte> bytes(f.size);
    EXPECT_TRUE(volume.read(f.offset, bytes).has_value());
    const auto text = as_text(bytes);
    EXPECT_TRUE(text.starts_with("file ")) << f.offset;
    if (!text.starts_with("file ")) continue;
    const auto file = std::stoi(std::string(text.substr(5, 3)));
    told[file] += f.size;
    for (std::uint64_t at = 0; at < f.size; at += 512) {
      const auto offset = f.file_offset + at;
      if (offset + 512 > btrfs_file_sizes().at(file)) break;
      EXPECT_EQ(text.substr(at, 512), btrfs_sector_text(file, offset));
    }
  }
  return told;
}

class btrfs_kinds : public testing::TestWithParam<made> {};

}  // namespace

// One test, because making a volume is what takes time.
TEST_P(btrfs_kinds, have_the_extents_of_dump_tree_and_the_files_where_their_bytes_are) {
  const btrfs_made volume(GetParam().options, GetParam().size);
  const auto device = volume.open();
  const auto size = device->geometry().size;
  const auto map = map_of(*device);
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("used")));
  EXPECT_EQ(map.used, volume.expected(size));
  EXPECT_LT(total_size(map.used), size / 2);

  EXPECT_TRUE(std::ranges::is_sorted(map.files, {}, &plan::file_extent::offset));
  for (std::size_t i = 1; i < map.files.size(); ++i) EXPECT_LE(map.files[i - 1].end(), map.files[i].offset);
  auto told = check_extents(*device, map.files);
  const std::uint64_t copies = std::string_view(GetParam().name) == "twice_everything" ? 2 : 1;
  // What fits into a sector of 64 KiB may lie inside a tree block.
  const auto smallest = std::string_view(GetParam().name) == "sectors_64k" ? 64_KiB : plan::file_extent_minimum;
  for (const auto& [file, file_size] : btrfs_file_sizes()) {
    if (file_size < smallest) {
      EXPECT_EQ(told.count(file), 0u);
    } else {
      EXPECT_GE(told[file], copies * file_size) << "file " << file;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(mkfs, btrfs_kinds, testing::ValuesIn(kinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

namespace {

// The volume must be copied whole, for a reason with these words.
void expect_whole(io::device& device, const std::string& words) {
  const auto map = map_of(device);
  EXPECT_EQ(map.used, whole(device)) << words;
  EXPECT_THAT(map.files, IsEmpty());
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr(words)));
}

// A volume of 24 MiB in memory, of which each test bends something.
class btrfs_volume : public testing::Test {
 protected:
  static std::vector<std::byte> load() {
    const btrfs_made volume("-M -n 4096", "24M");
    const auto device = volume.open();
    std::vector<std::byte> bytes(device->geometry().size);
    EXPECT_TRUE(device->read(0, bytes).has_value());
    return bytes;
  }
  static const std::vector<std::byte>& pristine() {
    static const auto bytes = load();
    return bytes;
  }

  template <class T>
  void patch_super(std::size_t offset, std::uint64_t value) {
    T field;
    field = static_cast<typename T::value_type>(value);
    test::patch_btrfs_super(volume, offset, bytes_of(field));
  }
  btrfs_superblock super() { return read_struct<btrfs_superblock>(byte_view(volume.contents()).subspan(64_KiB)); }
  // Tree blocks lie where their address says in this volume: its only chunks are mapped to themselves.
  std::uint64_t root_of(std::uint64_t tree) {
    const auto leaf = super().root.value();
    for (std::size_t i = 0; i < 20; ++i) {
      const auto item = read_struct<btrfs_disk_item>(byte_view(volume.contents()).subspan(leaf + 101 + 25 * i));
      if (item.key.objectid.value() != tree || item.key.type.value() != btrfs_type::root_item) continue;
      return read_struct<btrfs_disk_root>(byte_view(volume.contents()).subspan(leaf + 101 + item.offset.value())).logical.value();
    }
    ADD_FAILURE() << "no tree " << tree;
    return 0;
  }
  std::vector<std::uint64_t> leaves_of(std::uint64_t root) {
    const auto head = read_struct<btrfs_disk_header>(byte_view(volume.contents()).subspan(root));
    if (head.level.value() == 0) return {root};
    EXPECT_EQ(head.level.value(), 1u);
    std::vector<std::uint64_t> leaves;
    for (std::size_t i = 0; i < head.count.value(); ++i)
      leaves.push_back(
          read_struct<btrfs_disk_pointer>(byte_view(volume.contents()).subspan(root + 101 + 33 * i)).logical.value());
    return leaves;
  }
  static range_list normalised(range_list ranges, range more) {
    ranges.push_back(more);
    normalise(ranges);
    return ranges;
  }

  // Moves the block groups into a tree of their own, as mkfs.btrfs and btrfstune do since version 6; answers where it begins.
  std::uint64_t move_groups() {
    const auto place = map_of(volume).used.back().end();  // free, and behind all extents
    const auto leaves = leaves_of(root_of(btrfs_id::extent_tree));
    std::vector<test::btrfs_leaf_item> groups;
    for (const auto leaf : leaves) {
      auto items = test::btrfs_leaf(volume, leaf);
      EXPECT_NE(items.front().key.type, btrfs_type::block_group_item);
      for (const auto& i : items)
        if (i.key.type == btrfs_type::block_group_item) groups.push_back(i);
      std::erase_if(items, [](const auto& i) { return i.key.type == btrfs_type::block_group_item; });
      if (leaf == leaves.back()) items.push_back(new_block(place));
      test::put_btrfs_leaf(volume, leaf, leaf, btrfs_id::extent_tree, items);
    }
    for (auto& g : groups)
      if (g.key.objectid <= place && place < g.key.objectid + g.key.offset) add<wire::u64>(g.bytes, 0, 4096);
    test::put_btrfs_leaf(volume, place, leaves.front(), btrfs_id::block_group_tree, groups);
    add_root(place);
    patch_super<wire::u64>(offsetof(btrfs_superblock, ro_compat), 0xb);
    patch_super<wire::u64>(offsetof(btrfs_superblock, bytes_used), super().bytes_used.value() + 4096);
    return place;
  }
  template <class T>
  static void add(std::vector<std::byte>& bytes, std::size_t offset, std::uint64_t what) {
    T field = read_struct<T>(byte_view(bytes).subspan(offset));
    field = field.value() + what;
    std::memcpy(bytes.data() + offset, &field, sizeof(field));
  }
  // The extent of a tree block that the block group tree has.
  test::btrfs_leaf_item new_block(std::uint64_t place) {
    test::btrfs_leaf_item item{{place, btrfs_type::metadata_item, 0}, std::vector<std::byte>(sizeof(btrfs_disk_extent) + 9)};
    btrfs_disk_extent extent;
    extent.references = 1;
    extent.generation = super().generation.value();
    extent.flags = btrfs_extent_flag::tree_block;
    std::memcpy(item.bytes.data(), &extent, sizeof(extent));
    item.bytes[sizeof(extent)] = std::byte{btrfs_type::tree_block_ref};
    item.bytes[sizeof(extent) + 1] = std::byte{btrfs_id::block_group_tree};
    return item;
  }
  void add_root(std::uint64_t place) {
    const auto root = super().root.value();
    auto items = test::btrfs_leaf(volume, root);
    auto like = std::ranges::find_if(items, [](const auto& i) { return i.key.type == btrfs_type::root_item; });
    test::btrfs_leaf_item item{{btrfs_id::block_group_tree, btrfs_type::root_item, 0}, like->bytes};
    item.bytes.resize(sizeof(btrfs_disk_root));
    auto disk = read_struct<btrfs_disk_root>(item.bytes);
    disk.logical = place;
    disk.level = 0;
    disk.generation = super().generation.value();
    std::memcpy(item.bytes.data(), &disk, sizeof(disk));
    const auto behind = std::ranges::find_if(items, [&](const auto& i) { return i.key > item.key; });
    items.insert(behind, item);
    test::put_btrfs_leaf(volume, root, root, btrfs_id::root_tree, items);
  }
  void patch_block(std::uint64_t block, std::size_t offset, byte_view bytes) {
    patch_btrfs_block(volume, block, 4096, offset, bytes);
  }

  io::memory_device volume{pristine()};
};

}  // namespace

TEST_F(btrfs_volume, is_understood_as_long_as_nothing_is_bent) {
  EXPECT_LT(total_size(map_of(volume).used), volume.geometry().size / 2);
}

TEST_F(btrfs_volume, is_nothing_without_a_superblock) {
  for (const std::uint64_t size : {std::uint64_t{0}, 4_KiB, 64_KiB, 68_KiB - 1, 68_KiB, 24_MiB}) {
    io::memory_device device(size);
    EXPECT_EQ(recognise_btrfs(device).value(), nullptr);
  }
}

TEST_F(btrfs_volume, tells_facts) {
  const auto facts = recognise_btrfs(volume).value()->facts();
  EXPECT_EQ(facts.kind, "Btrfs");
  EXPECT_EQ(facts.size, 24_MiB);
  EXPECT_EQ(facts.cluster, 4_KiB);
  EXPECT_EQ(facts.id.size(), 36u);
}

TEST_F(btrfs_volume, with_a_damaged_superblock_is_copied_whole) {
  volume.contents()[64_KiB + 3000] ^= std::byte{1};
  expect_whole(volume, "superblock");
}

TEST_F(btrfs_volume, with_unknown_features_or_flags_is_copied_whole) {
  const auto incompat = super().incompat.value();
  patch_super<wire::u64>(offsetof(btrfs_superblock, incompat), incompat | std::uint64_t{1} << 40);
  expect_whole(volume, "unknown incompat feature 0x10000000000");
  patch_super<wire::u64>(offsetof(btrfs_superblock, incompat), incompat | btrfs_incompat::zoned);
  expect_whole(volume, "zoned");
  patch_super<wire::u64>(offsetof(btrfs_superblock, incompat), incompat | btrfs_incompat::extent_tree_v2);
  expect_whole(volume, "extent tree v2");
  patch_super<wire::u64>(offsetof(btrfs_superblock, incompat), incompat | btrfs_incompat::raid_stripe_tree);
  expect_whole(volume, "RAID stripe tree");
  patch_super<wire::u64>(offsetof(btrfs_superblock, incompat), incompat);
  patch_super<wire::u64>(offsetof(btrfs_superblock, ro_compat), 0x80);
  expect_whole(volume, "unknown ro_compat feature 0x80");
  patch_super<wire::u64>(offsetof(btrfs_superblock, ro_compat), 0x3);
  patch_super<wire::u64>(offsetof(btrfs_superblock, flags), std::uint64_t{1} << 36);
  expect_whole(volume, "unknown flag");
}

TEST_F(btrfs_volume, on_several_devices_is_copied_whole) {
  patch_super<wire::u64>(offsetof(btrfs_superblock, devices), 2);
  expect_whole(volume, "it is on 2 devices");
}

TEST_F(btrfs_volume, that_is_another_device_than_its_chunks_name_is_copied_whole) {
  patch_super<wire::u64>(offsetof(btrfs_superblock, device), 7);
  expect_whole(volume, "another device");
}

TEST_F(btrfs_volume, smaller_than_its_file_system_is_copied_whole) {
  io::memory_device small(std::vector<std::byte>(volume.contents().begin(), volume.contents().begin() + (20 << 20)));
  expect_whole(small, "larger than its volume");
}

TEST_F(btrfs_volume, with_a_wrong_count_of_used_bytes_is_copied_whole) {
  patch_super<wire::u64>(offsetof(btrfs_superblock, bytes_used), super().bytes_used.value() - 4096);
  expect_whole(volume, "count of bytes in use");
}

TEST_F(btrfs_volume, with_another_generation_than_its_trees_is_copied_whole) {
  patch_super<wire::u64>(offsetof(btrfs_superblock, generation), super().generation.value() + 1);
  expect_whole(volume, "its generation");
}

TEST_F(btrfs_volume, with_a_log_that_is_not_there_is_copied_whole) {
  patch_super<wire::u64>(offsetof(btrfs_superblock, log_root), root_of(btrfs_id::extent_tree));
  expect_whole(volume, "log");
}

TEST_F(btrfs_volume, with_a_damaged_tree_block_is_copied_whole) {
  for (const auto tree : {btrfs_id::extent_tree}) {
    volume.contents()[root_of(tree) + 2000] ^= std::byte{1};
    expect_whole(volume, "extent tree");
  }
}

TEST_F(btrfs_volume, with_a_tree_block_of_another_place_owner_or_file_system_is_copied_whole) {
  const auto block = super().root.value();
  const std::vector<std::byte> good(volume.contents().begin() + static_cast<std::ptrdiff_t>(block),
                                    volume.contents().begin() + static_cast<std::ptrdiff_t>(block + 4096));
  const struct {
    std::size_t offset;
    const char* words;
  } fields[] = {
      {offsetof(btrfs_disk_header, fsid), "another file system"},  {offsetof(btrfs_disk_header, logical), "its place"},
      {offsetof(btrfs_disk_header, generation), "its generation"}, {offsetof(btrfs_disk_header, owner), "its owner"},
      {offsetof(btrfs_disk_header, level), "root tree"},           {offsetof(btrfs_disk_header, count) + 3, "number of items"}};
  for (const auto& f : fields) {
    const std::byte other{0x6};
    patch_block(block, f.offset, {&other, 1});
    expect_whole(volume, f.words);
    ASSERT_TRUE(volume.write(block, good).has_value());
  }
}

TEST_F(btrfs_volume, with_a_lost_extent_is_copied_whole) {
  // An extent (not the first item, whose key the node above knows) becomes a back reference.
  const auto root = root_of(btrfs_id::extent_tree);
  auto leaf = root;
  while (static_cast<unsigned>(volume.contents()[leaf + 100]) != 0)
    leaf = read_struct<btrfs_disk_pointer>(byte_view(volume.contents()).subspan(leaf + 101)).logical.value();
  const auto type = std::byte{btrfs_type::tree_block_ref};
  std::size_t at = 1;
  while (read_struct<btrfs_disk_item>(byte_view(volume.contents()).subspan(leaf + 101 + 25 * at)).key.type.value() !=
         btrfs_type::metadata_item)
    ++at;
  patch_block(leaf, 101 + 25 * at + 8, {&type, 1});
  expect_whole(volume, "extents and its count of bytes in use differ");
}

TEST_F(btrfs_volume, with_a_block_group_tree_is_understood_by_that) {
  const auto before = map_of(volume).used;
  const auto groups = move_groups();
  const auto map = map_of(volume);
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("used")));
  EXPECT_EQ(map.used, normalised(before, {groups, 4_KiB}));
  // Without the feature the same trees mean that there are no block groups.
  patch_super<wire::u64>(offsetof(btrfs_superblock, ro_compat), 0x3);
  expect_whole(volume, "has no block group");
}

TEST_F(btrfs_volume, with_a_block_group_tree_that_is_missing_is_copied_whole) {
  patch_super<wire::u64>(offsetof(btrfs_superblock, ro_compat), 0xb);
  expect_whole(volume, "block group tree");
}

TEST_F(btrfs_volume, uses_what_lies_behind_the_file_system) {
  std::vector<std::byte> more(volume.contents().begin(), volume.contents().end());
  more.resize(more.size() + 12345);
  io::memory_device larger(std::move(more));
  EXPECT_EQ(map_of(larger).used.back(), (range{24_MiB, 12345}));
}

TEST_F(btrfs_volume, tells_at_most_as_many_extents_as_asked) {
  plan::scan_options few;
  few.file_extent_limit = 2;
  const auto map = map_of(volume, few);
  EXPECT_EQ(map.files.size(), 2u);
  EXPECT_THAT(map.notes, testing::Contains(HasSubstr("not all files")));
}

TEST_F(btrfs_volume, counts_chunks_as_used_when_there_are_too_many_ranges) {
  plan::scan_options few;
  few.used_range_limit = 2;
  const auto exact = map_of(volume).used;
  const auto coarse = map_of(volume, few);
  EXPECT_THAT(subtract(exact, coarse.used), IsEmpty());
  EXPECT_LT(total_size(exact), total_size(coarse.used));
  EXPECT_THAT(coarse.notes, testing::Contains(HasSubstr("more than 2 pieces")));
}

TEST_F(btrfs_volume, without_files_wanted_tells_none) {
  plan::scan_options none;
  none.files = false;
  EXPECT_THAT(map_of(volume, none).files, IsEmpty());
}

TEST(btrfs_copies, are_read_where_the_first_is_damaged) {
  const btrfs_made made("", "150M");
  const auto good = map_of(*made.open());
  const auto device = made.open(io::open_options::access::read_write);
  // The root tree lies in the chunk for metadata, which is there twice; dump-tree says where.
  const auto logical = made.super_field("root");
  const auto places = test::shell(fmt::format("btrfs-map-logical -l {} {} | awk '{{ print $6 }}'", logical, made.path()));
  std::istringstream words(places);
  std::uint64_t one = 0;
  std::uint64_t two = 0;
  ASSERT_TRUE(words >> one >> two) << places;
  const auto bend = [&](std::uint64_t at) {
    std::byte byte{};
    ASSERT_TRUE(device->read(at, {&byte, 1}).has_value());
    byte ^= std::byte{1};
    ASSERT_TRUE(device->write(at, {&byte, 1}).has_value());
  };
  bend(one + 200);
  EXPECT_EQ(map_of(*device).used, good.used);
  bend(two + 110);
  expect_whole(*device, "root tree");
}

TEST(btrfs_copies, of_the_superblock_that_are_newer_make_it_doubtful) {
  const btrfs_made made("", "150M");
  const auto device = made.open(io::open_options::access::read_write);
  wire::u64 generation;
  generation = made.super_field("generation") + 1;
  patch_btrfs_block(*device, 64_MiB, 4096, offsetof(btrfs_superblock, generation), bytes_of(generation));
  expect_whole(*device, "a copy of its superblock is newer");
}

TEST(btrfs_kinds_of_checksum, that_are_not_verified_are_copied_whole) {
  expect_whole(*btrfs_made("--csum sha256", "150M").open(), "SHA-256");
  expect_whole(*btrfs_made("--csum blake2", "150M").open(), "BLAKE2b");
}

}  // namespace umbra::fs
