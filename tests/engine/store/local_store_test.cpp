// SPDX-License-Identifier: GPL-3.0-or-later
// What a store in a folder does beyond the contract: its hidden files, its order of calls, its behaviour under faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "engine/store/store.h"
#include "tests/support/pattern.h"
#include "tests/support/sim_file_system.h"

namespace umbra::test {
namespace {

using kind = sim_operation::what;

template <class T>
errc code_of(const result<T>& r) {
  return r.has_error() ? r.assume_error().code() : errc{};
}

struct local_store : testing::Test {
  std::unique_ptr<sim_file_system> disk = sim_with_directory("/vault");
  std::unique_ptr<store::store> store = store::make_local_store(*disk, "/vault");

  std::vector<std::string> log() const {
    std::vector<std::string> lines;
    for (const auto& operation : disk->operations()) lines.push_back(to_string(operation));
    return lines;
  }
};

TEST_F(local_store, put_syncs_the_file_before_it_has_its_name_and_the_name_before_it_answers) {
  ASSERT_TRUE(store->put_if_absent("outcome", as_bytes("COMMIT")).has_value());
  EXPECT_THAT(log(), testing::ElementsAre("create /vault/.put-outcome-0", "append /vault/.put-outcome-0 6",
                                          "sync /vault/.put-outcome-0", "link /vault/outcome from /vault/.put-outcome-0",
                                          "remove /vault/.put-outcome-0", "sync_directory /vault"));
}

TEST_F(local_store, new_folders_are_synced_into_their_parents_once) {
  ASSERT_TRUE(store->create("packs/3f/a").has_value());
  EXPECT_THAT(log(),
              testing::ElementsAre("make_directory /vault/packs", "sync_directory /vault", "make_directory /vault/packs/3f",
                                   "sync_directory /vault/packs", "create /vault/packs/3f/a"));
  ASSERT_TRUE(store->create("packs/3f/b").has_value());
  EXPECT_EQ(log().size(), 6u);
}

TEST_F(local_store, folder_made_by_another_process_is_synced_too) {
  ASSERT_TRUE(disk->make_directory("/vault/packs").has_value());
  ASSERT_TRUE(store->create("packs/a").has_value());
  EXPECT_THAT(log(), testing::Contains("sync_directory /vault"));
}

TEST_F(local_store, finish_syncs_file_and_folder) {
  auto writer = store->create("pack");
  ASSERT_TRUE(writer.has_value());
  const std::vector<byte_view> pieces{as_bytes("ab"), as_bytes("cd")};
  ASSERT_TRUE(writer.assume_value()->append(pieces).has_value());
  ASSERT_TRUE(writer.assume_value()->finish().has_value());
  EXPECT_THAT(log(),
              testing::ElementsAre("create /vault/pack", "append /vault/pack 4", "sync /vault/pack", "sync_directory /vault"));
}

TEST_F(local_store, loser_of_a_race_makes_the_winners_name_durable) {
  disk->plant("/vault/.elsewhere", as_bytes("DEAD"));
  // The winner linked and died before its sync.
  ASSERT_TRUE(disk->link("/vault/.elsewhere", "/vault/outcome").has_value());
  EXPECT_EQ(code_of(store->put_if_absent("outcome", as_bytes("COMMIT"))), errc::exists);
  const auto after = disk->crash(disk->operation_count(), crash_policy::drop_all_unsynced());
  EXPECT_EQ(after->content("/vault/outcome"), text_bytes("DEAD"));
}

TEST_F(local_store, leftovers_of_dead_processes_neither_block_nor_show) {
  for (int i = 0; i < 20; ++i) disk->plant("/vault/s/.put-outcome-" + std::to_string(i), as_bytes("half"));
  ASSERT_TRUE(store->put_if_absent("s/outcome", as_bytes("COMMIT")).has_value());
  const auto listed = store->list("");
  ASSERT_TRUE(listed.has_value());
  ASSERT_EQ(listed.assume_value().size(), 1u);
  EXPECT_EQ(listed.assume_value()[0].name, "s/outcome");
  EXPECT_EQ(disk->content("/vault/s/.put-outcome-3"), text_bytes("half"));
}

TEST_F(local_store, two_stores_on_one_folder_do_not_disturb_each_other) {
  const auto other = store::make_local_store(*disk, "/vault");
  ASSERT_TRUE(store->put_if_absent("a", as_bytes("1")).has_value());
  ASSERT_TRUE(other->put_if_absent("b", as_bytes("2")).has_value());
  EXPECT_EQ(code_of(other->put_if_absent("a", as_bytes("3"))), errc::exists);
  auto held = store->lock("x");
  ASSERT_TRUE(held.has_value());
  EXPECT_EQ(code_of(other->lock("x")), errc::busy);
}

TEST_F(local_store, foreign_files_are_not_listed) {
  disk->plant("/vault/lost+found/x", as_bytes("1"));
  disk->plant("/vault/README.TXT", as_bytes("1"));
  disk->plant("/vault/.DS_Store", as_bytes("1"));
  disk->plant("/vault/packs/.hidden/a", as_bytes("1"));
  disk->plant("/vault/packs/a", as_bytes("1"));
  const auto listed = store->list("");
  ASSERT_TRUE(listed.has_value());
  ASSERT_EQ(listed.assume_value().size(), 1u);
  EXPECT_EQ(listed.assume_value()[0].name, "packs/a");
}

TEST_F(local_store, absent_root_is_an_error_and_not_an_empty_store) {
  const auto unmounted = store::make_local_store(*disk, "/not/mounted");
  EXPECT_EQ(code_of(unmounted->list("")), errc::not_found);
  EXPECT_EQ(code_of(unmounted->put_if_absent("a", {})), errc::not_found);
  EXPECT_FALSE(disk->exists("/not"));
}

TEST_F(local_store, file_where_a_folder_should_be_is_told) {
  disk->plant("/vault/packs", as_bytes("1"));
  EXPECT_EQ(code_of(store->create("packs/a")), errc::usage);
  EXPECT_EQ(code_of(store->put_if_absent("packs/a", {})), errc::usage);
  EXPECT_EQ(code_of(store->lock("packs/a")), errc::usage);
}

TEST_F(local_store, full_disk_is_no_space_with_the_path_and_leaves_nothing) {
  disk->fail_when([](const sim_operation& operation, std::uint64_t) -> std::optional<error> {
    if (operation.kind != kind::append) return std::nullopt;
    return error(errc::no_space, "", ENOSPC);
  });
  const auto put = store->put_if_absent("s/outcome", as_bytes("COMMIT"));
  ASSERT_EQ(code_of(put), errc::no_space);
  EXPECT_THAT(put.assume_error().message(), testing::HasSubstr("/vault/s/.put-outcome-0"));
  EXPECT_THAT(put.assume_error().message(), testing::HasSubstr("No space left on device"));
  EXPECT_THAT(disk->all_files(), testing::IsEmpty());
}

// Whatever single call fails, once or from then on: never half an object, and success is never claimed for nothing.
TEST_F(local_store, fault_at_every_call_leaves_the_object_absent_or_whole) {
  for (const std::uint64_t times : {std::uint64_t{1}, sim_file_system::for_ever}) {
    for (std::uint64_t at = 0; at < 9; ++at) {
      SCOPED_TRACE(testing::Message() << "operation " << at << ", " << times << " times");
      const auto faulty = sim_with_directory("/vault");
      const auto on_it = store::make_local_store(*faulty, "/vault");
      faulty->fail_at(at, errc::io_write, EIO, times);
      const auto put = on_it->put_if_absent("s/outcome", as_bytes("COMMIT"));
      const auto content = faulty->content("/vault/s/outcome");
      EXPECT_TRUE(!content || content == text_bytes("COMMIT"));
      if (!put.has_value()) continue;
      EXPECT_EQ(faulty->crash(99, crash_policy::drop_all_unsynced())->content("/vault/s/outcome"), text_bytes("COMMIT"));
    }
  }
}

TEST_F(local_store, failed_sync_is_not_tried_again) {
  disk->fail_when([](const sim_operation& operation, std::uint64_t) -> std::optional<error> {
    if (operation.kind != kind::sync) return std::nullopt;
    return error(errc::io_write, "", EIO);
  });
  auto writer = store->create("pack");
  ASSERT_TRUE(writer.has_value());
  EXPECT_EQ(code_of(writer.assume_value()->finish()), errc::io_write);
  EXPECT_EQ(code_of(store->put_if_absent("outcome", as_bytes("COMMIT"))), errc::io_write);
  EXPECT_FALSE(disk->exists("/vault/outcome"));
  const auto operations = disk->operations();
  EXPECT_EQ(std::count_if(operations.begin(), operations.end(), [](const auto& o) { return o.kind == kind::sync; }), 2);
}

TEST_F(local_store, names_obey_the_rule) {
  for (const auto* good : {"a", "packs/3f/3f00-0", "0", "-", "_a.b-c", "a/b/c/d/e/f/g/h"})
    EXPECT_TRUE(store::is_valid_name(good)) << good;
  for (const auto* bad : {"", "/", "a/", "/a", ".", "..", "a/..", "a/.b", "A", "a+b", "a:b", "a/b/c/d/e/f/g/h/i"})
    EXPECT_FALSE(store::is_valid_name(bad)) << bad;
}

}  // namespace
}  // namespace umbra::test
