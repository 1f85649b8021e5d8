// SPDX-License-Identifier: GPL-3.0-or-later
// The simulated disk that power-cut tests rest on.
#include "tests/support/sim_file_system.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

using kind = sim_operation::what;

template <class T>
errc code_of(const result<T>& r) {
  return r.has_error() ? r.assume_error().code() : errc{};
}

// A file "/f" of three appends, with calls in between as each test wants.
struct sim_disk : testing::Test {
  sim_file_system disk;
  std::unique_ptr<store::output_file> file;

  void create(const std::string& path = "/f") {
    auto created = disk.create(path);
    ASSERT_TRUE(created.has_value());
    file = std::move(created).assume_value();
  }
  void append(std::string_view text) { ASSERT_TRUE(file->append(as_bytes(text)).has_value()); }
  void sync() { ASSERT_TRUE(file->sync().has_value()); }
  void sync_root() { ASSERT_TRUE(disk.sync_directory("/").has_value()); }

  std::unique_ptr<sim_file_system> after(const crash_policy& policy) const { return disk.crash(disk.operation_count(), policy); }
};

TEST_F(sim_disk, keeps_synced_bytes_under_a_synced_name_in_every_state) {
  create();
  append("precious");
  sync();
  sync_root();
  for (const auto& policy : crash_policy::several(1, 50))
    EXPECT_EQ(after(policy)->content("/f"), text_bytes("precious")) << to_string(policy);
}

TEST_F(sim_disk, loses_a_name_that_was_not_synced) {
  create();
  append("x");
  sync();
  EXPECT_FALSE(after(crash_policy::drop_all_unsynced())->exists("/f"));
  EXPECT_TRUE(after(crash_policy::keep_all())->exists("/f"));
  EXPECT_FALSE(after({crash_policy::what::data_only})->exists("/f"));
}

TEST_F(sim_disk, loses_bytes_that_were_not_synced) {
  create();
  append("kept ");
  sync();
  sync_root();
  append("lost");
  EXPECT_EQ(after(crash_policy::drop_all_unsynced())->content("/f"), text_bytes("kept "));
  EXPECT_EQ(after({crash_policy::what::names_only})->content("/f"), text_bytes("kept "));
  EXPECT_EQ(after({crash_policy::what::names_and_sizes})->content("/f"), text_bytes(std::string_view("kept \0\0\0\0", 9)));
  EXPECT_EQ(after(crash_policy::keep_all())->content("/f"), text_bytes("kept lost"));
}

TEST_F(sim_disk, random_states_tear_at_sectors_and_reorder) {
  create();
  sync_root();
  const auto first = random_bytes(1, 9'000);
  const auto second = random_bytes(2, 5'000);
  ASSERT_TRUE(file->append(first).has_value());
  ASSERT_TRUE(file->append(second).has_value());
  std::set<std::size_t> sizes;
  bool second_without_first = false;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto bytes = after(crash_policy::random(seed))->content("/f");
    ASSERT_TRUE(bytes.has_value());
    sizes.insert(bytes->size());
    if (bytes->size() == 14'000)
      second_without_first |= std::equal(second.begin(), second.end(), bytes->begin() + 9'000) && bytes->front() == std::byte{0};
  }
  EXPECT_TRUE(second_without_first);
  EXPECT_TRUE(sizes.contains(0) && sizes.contains(9'000) && sizes.contains(14'000));
  for (const auto size : sizes) EXPECT_TRUE(size == 9'000 || size == 14'000 || size % 512 == 0) << size;
  EXPECT_GT(sizes.size(), 10u);
}

TEST_F(sim_disk, same_seed_gives_the_same_state) {
  create();
  for (int i = 0; i < 50; ++i) append(std::string(1000, static_cast<char>('a' + i)));
  sync_root();
  std::set<std::vector<std::byte>> states;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto once = after(crash_policy::random(seed))->content("/f");
    EXPECT_EQ(after(crash_policy::random(seed))->content("/f"), once);
    states.insert(*once);
  }
  EXPECT_GT(states.size(), 15u);
}

TEST_F(sim_disk, cut_before_an_operation_shows_nothing_of_it) {
  create();
  append("one");
  const auto here = disk.operation_count();
  append("two");
  sync();
  sync_root();
  EXPECT_EQ(disk.crash(here, crash_policy::keep_all())->content("/f"), text_bytes("one"));
  EXPECT_FALSE(disk.crash(0, crash_policy::keep_all())->exists("/f"));
  EXPECT_EQ(disk.crash(999, crash_policy::drop_all_unsynced())->content("/f"), text_bytes("onetwo"));
}

TEST_F(sim_disk, second_name_holds_the_same_file_after_a_crash) {
  create("/.temporary");
  append("x");
  sync();
  ASSERT_TRUE(disk.link("/.temporary", "/f").has_value());
  sync_root();
  ASSERT_TRUE(disk.remove("/.temporary").has_value());
  const auto lost = after(crash_policy::drop_all_unsynced());
  EXPECT_EQ(lost->content("/f"), text_bytes("x"));
  EXPECT_EQ(lost->content("/.temporary"), text_bytes("x")) << "its removal was not synced";
  EXPECT_FALSE(after(crash_policy::keep_all())->exists("/.temporary"));
}

TEST_F(sim_disk, lost_directory_takes_its_files_along) {
  ASSERT_TRUE(disk.make_directory("/d").has_value());
  create("/d/f");
  append("x");
  sync();
  ASSERT_TRUE(disk.sync_directory("/d").has_value());
  EXPECT_FALSE(after(crash_policy::drop_all_unsynced())->exists("/d/f"));
  sync_root();
  EXPECT_TRUE(after(crash_policy::drop_all_unsynced())->exists("/d/f"));
}

TEST_F(sim_disk, bytes_under_a_failed_sync_are_never_certain_again) {
  create();
  sync_root();
  append("doubtful");
  disk.fail_at(disk.operation_count(), errc::io_write, EIO);
  EXPECT_EQ(code_of(file->sync()), errc::io_write);
  sync();  // says yes, as Linux does
  append("later");
  sync();
  EXPECT_EQ(after(crash_policy::drop_all_unsynced())->content("/f"), text_bytes(std::string_view("\0\0\0\0\0\0\0\0later", 13)));
}

TEST_F(sim_disk, eaten_syncs_protect_nothing) {
  create();
  append("x");
  sync();
  sync_root();
  disk.eat_syncs = true;
  EXPECT_FALSE(after(crash_policy::drop_all_unsynced())->exists("/f"));
}

TEST_F(sim_disk, fails_the_chosen_operations_with_the_chosen_words) {
  create();
  disk.fail_at(1, errc::no_space, ENOSPC, 2);
  const auto failed = file->append(as_bytes("abcdef"));
  EXPECT_EQ(code_of(failed), errc::no_space);
  EXPECT_EQ(failed.assume_error().message(), "append /f 6: No space left on device");
  EXPECT_EQ(disk.content("/f"), text_bytes("abc")) << "half of it arrived";
  EXPECT_EQ(code_of(disk.make_directory("/d")), errc::no_space);
  EXPECT_TRUE(disk.make_directory("/d").has_value());
  EXPECT_EQ(code_of(file->append(as_bytes("x"))), errc::io_write) << "a file whose append failed must be given up";

  const auto log = disk.operations();
  ASSERT_EQ(log.size(), 4u);
  EXPECT_EQ(to_string(log[0]), "create /f");
  EXPECT_EQ(to_string(log[1]), "append /f 3 (failed)");
  EXPECT_EQ(to_string(log[2]), "make_directory /d (failed)");
  EXPECT_EQ(to_string(log[3]), "make_directory /d");
}

TEST_F(sim_disk, half_of_a_failed_append_is_part_of_crash_states) {
  create();
  sync_root();
  disk.fail_at(disk.operation_count(), errc::io_write, EIO);
  EXPECT_TRUE(file->append(as_bytes("abcdef")).has_error());
  EXPECT_EQ(after(crash_policy::keep_all())->content("/f"), text_bytes("abc"));
  EXPECT_EQ(after(crash_policy::drop_all_unsynced())->content("/f"), text_bytes(""));
}

TEST_F(sim_disk, stopped_process_does_nothing_any_more) {
  create();
  append("x");
  auto in = disk.open("/f");
  ASSERT_TRUE(in.has_value());
  disk.stop_at(3);
  sync();
  EXPECT_TRUE(disk.open("/f").has_value()) << "operation 3 has not come yet";
  EXPECT_EQ(code_of(file->append(as_bytes("y"))), errc::cancelled);
  EXPECT_EQ(code_of(file->sync()), errc::cancelled);
  EXPECT_EQ(code_of(disk.open("/f")), errc::cancelled);
  EXPECT_EQ(code_of(disk.list("/")), errc::cancelled);
  std::array<std::byte, 1> out{};
  EXPECT_EQ(code_of(in.assume_value()->read(0, out)), errc::cancelled);
  EXPECT_EQ(disk.operation_count(), 3u);
  EXPECT_EQ(disk.content("/f"), text_bytes("x"));
  EXPECT_TRUE(after(crash_policy::keep_all())->open("/f").has_value());
}

TEST_F(sim_disk, after_a_stop_another_process_goes_on_and_what_was_not_synced_stays_in_doubt) {
  create();
  sync_root();
  append("first ");
  disk.stop_at(3);
  EXPECT_EQ(code_of(file->sync()), errc::cancelled);
  disk.restart();
  EXPECT_EQ(disk.content("/f"), text_bytes("first "));
  create("/g");
  append("second");
  sync();
  sync_root();
  const auto lost = after(crash_policy::drop_all_unsynced());
  EXPECT_EQ(lost->content("/f"), text_bytes(""));
  EXPECT_EQ(lost->content("/g"), text_bytes("second"));
}

TEST_F(sim_disk, failing_reads_are_chosen_by_number) {
  disk.plant("/f", as_bytes("x"));
  const auto in = disk.open("/f");
  std::array<std::byte, 1> out{};
  disk.fail_reads_at(1, 2);
  std::vector<errc> codes;
  for (int i = 0; i < 4; ++i) codes.push_back(code_of(in.assume_value()->read(0, out)));
  EXPECT_EQ(codes, (std::vector{errc{}, errc::io_read, errc::io_read, errc{}}));
  disk.restart();
  disk.reset_read_counts();
  EXPECT_TRUE(in.assume_value()->read(0, out).has_value());
  EXPECT_TRUE(in.assume_value()->read(0, out).has_value());
}

TEST_F(sim_disk, counts_opens_and_reads) {
  create();
  for (int i = 0; i < 100; ++i) append("0123456789");
  disk.reset_read_counts();
  auto in = disk.open("/f");
  ASSERT_TRUE(in.has_value());
  std::vector<std::byte> out(35);
  ASSERT_TRUE(in.assume_value()->read(7, out).has_value());
  EXPECT_EQ(as_text(out), "78901234567890123456789012345678901");
  EXPECT_EQ(disk.opens(), 1u);
  EXPECT_EQ(disk.reads(), 1u);
  EXPECT_EQ(disk.bytes_read(), 35u);
  EXPECT_EQ(in.assume_value()->map().size(), 1000u);
  disk.forbid_map();
  EXPECT_TRUE(in.assume_value()->map().empty());
}

TEST_F(sim_disk, failing_reads_hit_the_chosen_files_only) {
  disk.plant("/packs/a", as_bytes("x"));
  disk.plant("/other", as_bytes("x"));
  disk.fail_reads_of("packs/");
  std::array<std::byte, 1> out{};
  EXPECT_EQ(code_of(disk.open("/packs/a").assume_value()->read(0, out)), errc::io_read);
  EXPECT_TRUE(disk.open("/other").assume_value()->read(0, out).has_value());
}

TEST_F(sim_disk, planted_bytes_replace_a_file_under_all_its_names) {
  create("/a");
  append("original");
  ASSERT_TRUE(disk.link("/a", "/b").has_value());
  disk.plant("/b", as_bytes("damaged"));
  EXPECT_EQ(disk.content("/a"), text_bytes("damaged"));
  EXPECT_EQ(disk.content("/b"), text_bytes("damaged"));
  EXPECT_EQ(disk.all_files(), (std::vector<std::string>{"/a", "/b"}));
}

TEST_F(sim_disk, crash_states_live_on_their_own) {
  create();
  append("x");
  const auto child = after(crash_policy::keep_all());
  append("y");
  auto on_child = child->create("/g");
  ASSERT_TRUE(on_child.has_value());
  EXPECT_EQ(child->content("/f"), text_bytes("x"));
  EXPECT_FALSE(disk.exists("/g"));
  EXPECT_EQ(child->operation_count(), 1u);
  // What the child started with is beyond doubt.
  EXPECT_EQ(child->crash(1, crash_policy::drop_all_unsynced())->content("/f"), text_bytes("x"));
}

}  // namespace
}  // namespace umbra::test
