// SPDX-License-Identifier: GPL-3.0-or-later
// Volumes whose journal was not replayed, written by hand. The oracle is e2fsck, which replays it in a copy.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/io/faulty_device.h"
#include "tests/formats/fs/ext_kit.h"
#include "tests/support/ext_log.h"

namespace umbra::fs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace jbd2::incompat;

constexpr made plain{"plain", "-t ext4 -b 1024", "32M"};
constexpr made without_checksums{"without_checksums", "-t ext4 -b 1024 -O ^metadata_csum,^uninit_bg,^64bit", "64M"};
constexpr auto with_checksums = revoke | bit64 | csum_v3;

// A volume, a later state of it, and what they differ in.
struct two_states {
  explicit two_states(const made& kind, const std::string& changes = "rm 5\nmkdir folder\ncd folder\nwrite 7 new\ncd /\nrm 4\n")
      : before(kind), after(before.path() + ".after") {
    std::ofstream(before.path() + ".commands") << changes;
    before.run("cp {0} {0}.after; cd $(dirname {0})/files; debugfs -w -f {0}.commands {0}.after");
    differences = differing_blocks(*before.open(), *open_file(after), 1024);
    EXPECT_GT(differences.size(), 5u);
  }
  static std::unique_ptr<io::device> open_file(const std::string& path) { return std::move(io::open_device(path, {}).value()); }
  std::vector<std::uint64_t> numbers() const {
    std::vector<std::uint64_t> list;
    for (const auto& [block, text] : differences) list.push_back(block);
    return list;
  }
  // What e2fsck makes of the volume.
  std::string replayed() const {
    test::shell(fmt::format("cp {0} {0}.replayed; e2fsck -E journal_only -y {0}.replayed || [ $? -eq 1 ]", before.path()));
    return before.path() + ".replayed";
  }

  made_volume before;
  std::string after;
  block_texts differences;
};

void expect_free(const two_states& states, const std::string& wanted) {
  const auto device = states.before.open();
  const auto map = map_of(*device);
  EXPECT_THAT(map.notes, Contains(HasSubstr("taken into account")));
  const auto free = free_of_dumpe2fs(states.replayed());
  EXPECT_EQ(free, free_of_dumpe2fs(wanted));
  EXPECT_EQ(subtract(whole(*device), map.used), free);
}

void expect_whole(const two_states& states, const std::string& words) {
  const auto device = states.before.open();
  const auto map = map_of(*device);
  EXPECT_EQ(map.used, whole(*device)) << words;
  EXPECT_THAT(map.files, IsEmpty());
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr(words)));
}

// A log of the given kind with all differences in one transaction.
void log_differences(const two_states& states, const ext_log::how& how) {
  ext_log log(states.before.path(), how);
  log.describe(states.differences);
  log.commit();
  log.finish();
}

void damage(const two_states& states, std::uint64_t offset) {
  const auto device = states.before.open(io::open_options::access::read_write);
  std::array<std::byte, 1> one;
  ASSERT_TRUE(device->read(offset, one).has_value());
  one[0] ^= std::byte{0x10};
  ASSERT_TRUE(device->write(offset, one).has_value());
}

struct log_kind {
  const char* name;
  std::uint32_t incompat;
};

class ext_journal_kinds : public testing::TestWithParam<log_kind> {};

}  // namespace

TEST_P(ext_journal_kinds, are_replayed_as_e2fsck_does) {
  const two_states states(plain);
  log_differences(states, {.incompat = GetParam().incompat});
  ASSERT_NE(free_of_dumpe2fs(states.before.path()), free_of_dumpe2fs(states.after));
  expect_free(states, states.after);
}

TEST_P(ext_journal_kinds, end_where_a_transaction_is_not_committed) {
  const two_states states(plain);
  ext_log log(states.before.path(), {.incompat = GetParam().incompat});
  log.describe({*states.differences.begin()});
  log.commit();
  log.describe(states.differences);
  log.revoke(states.numbers());
  log.finish();
  // Only the superblock, which is the first that differs, is replayed.
  expect_free(states, states.before.path());
}

TEST_P(ext_journal_kinds, know_what_is_revoked) {
  const two_states states(plain);
  ext_log log(states.before.path(), {.incompat = GetParam().incompat, .sequence = 0xffffffff});  // and numbers wrap around
  log.describe(states.differences);
  log.commit();
  log.revoke(states.numbers());
  log.describe({{30000, std::vector<std::byte>(1024)}});
  log.commit();
  log.finish();
  expect_free(states, states.before.path());
}

TEST_P(ext_journal_kinds, write_again_what_was_revoked_before) {
  const two_states states(plain);
  ext_log log(states.before.path(), {.incompat = GetParam().incompat});
  log.revoke(states.numbers());
  log.commit();
  log.describe(states.differences);
  log.commit();
  log.finish();
  expect_free(states, states.after);
}

TEST_P(ext_journal_kinds, go_on_at_the_beginning_behind_the_end) {
  const two_states states(plain);
  const ext_log ruler(states.before.path(), {});
  log_differences(states, {.incompat = GetParam().incompat, .start = ruler.length() - 5});
  expect_free(states, states.after);
}

INSTANTIATE_TEST_SUITE_P(all, ext_journal_kinds,
                         testing::Values(log_kind{"plain", revoke}, log_kind{"bit64", revoke | bit64},
                                         log_kind{"csum_v2", revoke | csum_v2}, log_kind{"csum_v3", with_checksums}),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST(ext_journal, of_a_volume_that_was_mounted_and_not_changed_is_empty) {
  made_volume volume(plain);
  volume.run("debugfs -w -R 'feature needs_recovery' {}");
  const auto device = volume.open();
  const auto map = map_of(*device);
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("used")));
  EXPECT_EQ(subtract(whole(*device), map.used), free_of_dumpe2fs(volume.path()));
}

// Where a block in the log begins with the journal's magic, the log has something else there.
TEST(ext_journal, gives_escaped_blocks_back_as_they_were) {
  two_states states(without_checksums);
  const auto bitmap = std::stoull(test::shell("LC_ALL=C dumpe2fs " + states.after +
                                              " | grep -A 3 '^Group 4:' | sed -n 's/.*Block bitmap at \\([0-9]*\\).*/\\1/p'"));
  auto& text = states.differences[bitmap] = std::vector<std::byte>(1024);
  const wire::be32 magic(jbd2::magic);
  std::ranges::copy(bytes_of(magic), text.begin());  // 14 blocks in use
  auto& descriptors = states.differences.at(2);
  const wire::u16 free(8192 - 14);
  std::ranges::copy(bytes_of(free), descriptors.begin() + 4 * 32 + 12);
  log_differences(states, {});
  expect_free(states, states.replayed());
  EXPECT_THAT(free_of_dumpe2fs(states.replayed()), Contains(range{(32769 + 10) * 1024ull, 1024}));
}

TEST(ext_journal, with_a_wrong_checksum_means_whole) {
  for (const auto kind : {csum_v2, csum_v3}) {
    for (const std::uint32_t block : {1u, 2u, 9u}) {  // a descriptor, and new blocks
      const two_states states(plain);
      log_differences(states, {.incompat = revoke | kind});
      damage(states, ext_log(states.before.path(), {}).offset_of(block) + 100);
      expect_whole(states, "wrong checksum");
    }
    const two_states states(plain);
    ext_log log(states.before.path(), {.incompat = revoke | kind});
    log.describe(states.differences);
    const auto commit = log.next_offset();
    log.commit();
    log.finish();
    damage(states, commit + 500);
    expect_whole(states, "a commit has a wrong checksum");
  }
}

TEST(ext_journal, with_a_damaged_superblock_means_whole) {
  const two_states states(plain);
  log_differences(states, {.incompat = with_checksums});
  damage(states, ext_log(states.before.path(), {}).offset_of(0) + 27);  // its sequence number
  expect_whole(states, "its superblock has a wrong checksum");
}

TEST(ext_journal, with_features_that_leave_a_doubt_means_whole) {
  const two_states states(plain);
  log_differences(states, {.incompat = revoke | async_commit});
  expect_whole(states, "commits without order");
  log_differences(states, {.compat = jbd2::compat::checksum});
  expect_whole(states, "checksums of the oldest kind");
  log_differences(states, {.incompat = revoke | 0x4000});
  expect_whole(states, "unknown incompat feature 0x4000");
}

TEST(ext_journal, with_fast_commits_means_whole) {
  for (const std::uint32_t sequence : {8u, 7u}) {  // of the next transaction, and of one that is over
    const two_states states(plain);
    ext_log log(states.before.path(), {.incompat = revoke | fast_commit, .fast_commit_blocks = 64});
    log.describe(states.differences);
    log.commit();
    log.finish();
    jbd2::fast_commit_head head;
    head.tag.tag = jbd2::fast_commit_head_tag;
    head.tag.length = 8;
    head.features = 0;
    head.sequence = sequence;
    const auto device = states.before.open(io::open_options::access::read_write);
    ASSERT_TRUE(device->write(log.offset_of(log.length() - 64 + 1), bytes_of(head)).has_value());
    if (sequence == 8) {
      expect_whole(states, "it holds fast commits");
    } else {
      expect_free(states, states.after);
    }
  }
}

TEST(ext_journal, that_would_write_where_it_may_not_means_whole) {
  const two_states states(plain);
  const auto log_with = [&](std::uint64_t block) {
    ext_log log(states.before.path(), {});
    log.describe({{block, std::vector<std::byte>(1024)}});
    log.commit();
    log.finish();
  };
  log_with(40000);
  expect_whole(states, "outside the file system");
  const ext_log ruler(states.before.path(), {});
  log_with(ruler.offset_of(30) / 1024);
  expect_whole(states, "it would overwrite itself");
}

TEST(ext_journal, that_makes_another_file_system_of_it_means_whole) {
  const two_states states(plain);
  ext_log log(states.before.path(), {});
  log.describe({{1, std::vector<std::byte>(1024)}});
  log.commit();
  log.finish();
  expect_whole(states, "with its journal replayed: no superblock");
}

TEST(ext_journal, that_the_superblock_denies_means_whole) {
  two_states states(plain);
  log_differences(states, {});
  states.before.run("debugfs -w -R 'feature -needs_recovery' {}");
  expect_whole(states, "which its superblock denies");
}

TEST(ext_journal, that_cannot_be_read_means_whole) {
  const two_states states(plain);
  log_differences(states, {});
  const auto place = ext_log(states.before.path(), {}).offset_of(0);
  for (const auto block : {0u, 3u}) {
    io::fault_plan plan;
    plan.unreadable = {{place + block * 1024, 512}};
    const auto device = io::make_faulty(states.before.open(), plan);
    const auto map = map_of(*device);
    EXPECT_EQ(map.used, whole(*device));
    EXPECT_THAT(map.notes, ElementsAre(HasSubstr("journal")));
  }
}

TEST(ext_journal, elsewhere_is_noted_and_its_changes_mean_whole) {
  made_volume volume(plain);
  // As tune2fs -J device= would leave it; that needs a block device.
  volume.run(
      "tune2fs -O ^has_journal {0} && debugfs -w -R 'feature has_journal' {0} && debugfs -w -R 'set_super_value "
      "journal_inum 0' {0}");
  const auto map = map_of(*volume.open());
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("used"), "its journal lies on another volume"));
  volume.run("debugfs -w -R 'feature needs_recovery' {}");
  const auto device = volume.open();
  EXPECT_EQ(map_of(*device).used, whole(*device));
  EXPECT_THAT(map_of(*device).notes, ElementsAre(HasSubstr("its journal, on another volume")));
}

TEST(ext_journal, that_is_missing_but_to_be_replayed_means_whole) {
  made_volume volume({"old", "-t ext2 -b 1024", "32M"});
  volume.run("debugfs -w -R 'feature needs_recovery' {}");
  const auto device = volume.open();
  EXPECT_EQ(map_of(*device).used, whole(*device));
  EXPECT_THAT(map_of(*device).notes, ElementsAre(HasSubstr("has no journal")));
}

}  // namespace umbra::fs
