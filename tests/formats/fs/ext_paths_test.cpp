// SPDX-License-Identifier: GPL-3.0-or-later
// Files by their paths, and whose the bytes are. The oracle is debugfs, which tells blocks of inodes and inodes of blocks.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/formats/fs/ext_kit.h"
#include "tests/support/ext_log.h"

namespace umbra::fs {
namespace {

using plan::owner_kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr made kinds[] = {
    {"ext2_1k", "-t ext2 -b 1024", "64M"},
    {"ext2_revision_0", "-t ext2 -r 0", "64M"},
    {"ext3_2k", "-t ext3 -b 2048", "64M"},
    {"ext4_1k", "-t ext4 -b 1024", "64M"},
    {"ext4_4k", "-t ext4 -b 4096", "100M"},
    {"bigalloc", "-t ext4 -b 4096 -O bigalloc -C 16384", "100M"},
    {"inline_data", "-t ext4 -I 512 -O inline_data", "64M"},
    {"block_64k", "-t ext4 -b 65536", "200M"},
};

// Many names in one folder, for an index; few in another; a folder below; a link of a second name.
void add_folders(made_volume& volume) {
  // debugfs writes into its present folder, whatever the name says.
  std::string commands = "mkdir many\nmkdir few\nmkdir few/deep\ncd many\n";
  for (int i = 0; i < 150; ++i) commands += fmt::format("write 1 a_file_with_a_name_of_some_length_{}\n", i);
  commands +=
      "cd /few/deep\nwrite 4 four\ncd /few\nwrite 6 six\nsymlink link /few/six\nmknod pipe p\ncd /\n"
      "ln few/six few/deep/six_again\nset_inode_field few/six links_count 2\n";
  std::ofstream(volume.path() + ".commands") << commands;
  volume.run("cd $(dirname {0})/files; debugfs -w -f {0}.commands {0}");
  // Makes the index of the folder that has become large.
  volume.run("e2fsck -fyD {} || [ $? -le 1 ]");
}

std::vector<std::string> paths_of(const std::vector<plan::file_data>& files) {
  std::vector<std::string> paths;
  for (const auto& f : files) paths.push_back(f.path);
  return paths;
}

result<std::vector<plan::file_data>> find(io::device& volume, const std::vector<std::string>& patterns) {
  return recognise_ext(volume).value()->find_files(plan::path_patterns(patterns));
}

std::uint64_t block_size_of(const std::string& path) {
  return std::stoull(test::shell("LC_ALL=C dumpe2fs -h " + path + " | sed -n 's/^Block size: *//p'"));
}

// The blocks of a file that debugfs lists, those of the tree left out: "(0-9):1201-1210, (10):1300", "(IND):1211".
range_list blocks_by_debugfs(const std::string& path, const std::string& file) {
  std::istringstream list(
      test::shell(fmt::format("debugfs -R 'stat {}' {} | sed -n '/^\\(BLOCKS\\|EXTENTS\\):/,$p' | tr ',' '\\n' | grep -o "
                              "'([0-9-]*\\[\\?u\\?\\]\\?):[0-9-]*' | sed "
                              "'s/.*://'",
                              file, path)));
  const auto size = block_size_of(path);
  range_list found;
  for (std::string item; std::getline(list, item);) {
    const auto dash = item.find('-');
    const auto first = std::stoull(item);
    const auto last = dash == std::string::npos ? first : std::stoull(item.substr(dash + 1));
    found.push_back({first * size, (last - first + 1) * size});
  }
  normalise(found);
  return found;
}

class ext_paths : public testing::TestWithParam<made> {};

}  // namespace

TEST_P(ext_paths, lead_to_the_blocks_that_debugfs_lists) {
  made_volume volume(GetParam());
  add_folders(volume);
  const auto device = volume.open();
  EXPECT_THAT(paths_of(find(*device, {"/5", "/few/deep/*", "/nowhere/*"}).value()), UnorderedElementsAre("/5", "/few/deep/four"));
  EXPECT_THAT(paths_of(find(*device, {"six*"}).value()), ElementsAre(testing::AnyOf("/few/six", "/few/deep/six_again")));
  EXPECT_EQ(find(*device, {"/many/a_file_with_a_name_of_some_length_*"}).value().size(), 150u);
  const auto found = find(*device, {"/5", "/6", "/9", "/few/deep/four"}).value();
  EXPECT_EQ(found.size(), 4u);
  for (const auto& f : found) {
    EXPECT_EQ(f.data, blocks_by_debugfs(volume.path(), f.path)) << f.path;
    const auto size = file_sizes.find(std::atoi(f.path.c_str() + 1));
    EXPECT_TRUE(size == file_sizes.end() || size->second == f.size) << f.path;
  }
  EXPECT_EQ(find(*device, {"**"}).value().size(), file_sizes.size() + 1 + 150 + 2);
}

// Every block: what has an owner by debugfs has it by us.
TEST_P(ext_paths, belong_to_whom_debugfs_says) {
  made_volume volume(GetParam());
  add_folders(volume);
  const auto device = volume.open();
  const auto owners = recognise_ext(*device).value()->owners(whole(*device)).value();
  const auto size = block_size_of(volume.path());
  const auto owner_of = [&](std::uint64_t block) {
    return *std::ranges::find_if(owners, [&](const auto& o) { return block * size < o.where.end(); });
  };
  range_list free;
  for (const auto& o : owners) {
    if (o.kind == owner_kind::free_space) free.push_back(o.where);
  }
  normalise(free);
  EXPECT_EQ(free, free_of_dumpe2fs(volume.path()));
  for (const auto* path : {"/5", "/9", "/few/deep/four"}) {
    for (const auto& r : blocks_by_debugfs(volume.path(), path)) {
      EXPECT_EQ(owner_of(r.offset / size).kind, owner_kind::file);
      EXPECT_EQ(owner_of(r.offset / size).name, path);
      EXPECT_EQ(owner_of(r.end() / size - 1).name, path);
    }
  }
  for (const auto& r : blocks_by_debugfs(volume.path(), "/many")) {
    EXPECT_EQ(owner_of(r.offset / size).kind, owner_kind::directory);
    EXPECT_EQ(owner_of(r.offset / size).name, "/many");
  }
  for (const auto& r : blocks_by_debugfs(volume.path(), "<8>")) EXPECT_EQ(owner_of(r.offset / size).kind, owner_kind::journal);
  const auto table = place_of(volume, "Inode table");
  EXPECT_EQ(owner_of(table).kind, owner_kind::inode_table);
  EXPECT_EQ(owner_of(table).name, "inode table");
  EXPECT_EQ(owner_of(place_of(volume, "Block bitmap")).name, "block bitmap");
  EXPECT_EQ(owners.front().name, "superblock and descriptors");
}

INSTANTIATE_TEST_SUITE_P(mke2fs, ext_paths, testing::ValuesIn(kinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

namespace {

constexpr made plain{"plain", "-t ext4 -b 1024", "32M"};
constexpr made old{"old", "-t ext2 -b 1024", "32M"};

}  // namespace

TEST(ext_find, tells_a_file_of_two_names_only_if_both_match) {
  made_volume volume(plain);
  add_folders(volume);
  const auto device = volume.open();
  EXPECT_THAT(find(*device, {"/few/six"}).value(), IsEmpty());
  EXPECT_THAT(paths_of(find(*device, {"/few/six", "/few/deep/*"}).value()), UnorderedElementsAre("/few/six", "/few/deep/four"));
}

TEST(ext_find, follows_the_journal) {
  made_volume volume(plain);
  volume.run("cp {0} {0}.before && cd $(dirname {0})/files && debugfs -w -R 'write 7 swapfile' {0}");
  const auto before = std::move(io::open_device(volume.path() + ".before", {}).value());
  const auto changes = differing_blocks(*before, *volume.open(), 1024);
  ext_log log(volume.path() + ".before", {});
  log.describe(changes);
  log.commit();
  log.finish();
  const auto device = std::move(io::open_device(volume.path() + ".before", {}).value());
  const auto found = find(*device, {"/swapfile"}).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].data, blocks_by_debugfs(volume.path(), "/swapfile"));
}

TEST(ext_find, includes_what_is_allocated_and_not_written) {
  made_volume volume(plain);
  volume.run("debugfs -w -R 'write /dev/null swapfile' {0} && debugfs -w -R 'fallocate swapfile 0 999' {0}");
  const auto found = find(*volume.open(), {"/swapfile"}).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(total_size(found[0].data), 1000u * 1024);
}

TEST(ext_find, is_an_error_where_files_share_blocks) {
  made_volume volume(old);
  // Of file 4, its third block is now the third of file 5.
  volume.run("debugfs -w -R \"set_inode_field 4 block[2] $(debugfs -R 'bmap 5 2' {0})\" {0}");
  const auto device = volume.open();
  for (const auto* path : {"/4", "/5"}) {
    const auto found = find(*device, {path});
    ASSERT_TRUE(found.has_error()) << path;
    EXPECT_THAT(found.error().message(), HasSubstr("share blocks"));
  }
  EXPECT_EQ(find(*device, {"/6"}).value().size(), 1u);
}

TEST(ext_find, is_an_error_where_a_file_lies_in_an_inode_table_or_in_free_blocks) {
  {
    made_volume volume(old);
    volume.run(fmt::format("debugfs -w -R 'set_inode_field 4 block[2] {}' {{}}", place_of(volume, "Inode table") + 3));
    EXPECT_THAT(find(*volume.open(), {"/4"}).error().message(), HasSubstr("its structures"));
  }
  made_volume volume(old);
  volume.run("debugfs -w -R \"freeb $(debugfs -R 'bmap 4 2' {0})\" {0}");
  EXPECT_THAT(find(*volume.open(), {"/4"}).error().message(), HasSubstr("free blocks"));
}

TEST(ext_find, is_an_error_where_folders_lead_in_circles) {
  made_volume volume(old);
  volume.run("printf 'mkdir a\\nmkdir a/b\\nln a a/b/again\\n' > {0}.commands; debugfs -w -f {0}.commands {0}");
  const auto device = volume.open();
  EXPECT_THAT(find(*device, {"4"}).error().message(), HasSubstr("folder"));
  EXPECT_EQ(find(*device, {"/4"}).value().size(), 1u);  // no folder needs to be entered for it
}

TEST(ext_find, is_an_error_where_the_map_is_in_doubt) {
  made_volume volume(old);
  volume.run("debugfs -w -R 'set_super_value state 0' {}");
  EXPECT_THAT(find(*volume.open(), {"/4"}).error().message(), HasSubstr("not cleanly unmounted"));
}

TEST(ext_owners, are_told_for_pieces_in_their_order) {
  made_volume volume(plain);
  const auto device = volume.open();
  const auto file = blocks_by_debugfs(volume.path(), "/5");
  const range_list asked{{100, 7}, {file[0].offset + 5, 10}, {device->geometry().size - 512, 512}};
  const auto told = recognise_ext(*device).value()->owners(asked).value();
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0].where, asked[0]);
  EXPECT_EQ(told[0].kind, owner_kind::metadata);
  EXPECT_EQ(told[1].where, asked[1]);
  EXPECT_EQ(told[1].name, "/5");
  EXPECT_EQ(told[2].where, asked[2]);
}

TEST(ext_owners, are_unknown_where_the_map_is_in_doubt) {
  made_volume volume(old);
  volume.run("debugfs -w -R 'set_super_value state 0' {}");
  const auto device = volume.open();
  const auto told = recognise_ext(*device).value()->owners({{4096, 4096}}).value();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].kind, owner_kind::unknown);
}

}  // namespace umbra::fs
