// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/snapshot_records.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "engine/shadow/provider_ids.h"
#include "engine/shadow/result_code.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

namespace fs = std::filesystem;
using shadow::guid;
using shadow::snapshot_record;

struct snapshot_records : ::testing::Test {
  temp_dir dir;
  std::string folder = dir.at("state/shadows");
  std::shared_ptr<shadow::snapshot_records> records = shadow::open_snapshot_records(folder);
  std::shared_ptr<shadow::snapshot_records> others = shadow::open_snapshot_records(folder);

  static snapshot_record record(std::uint8_t n, const guid& provider = shadow::reflink_provider_id) {
    snapshot_record r;
    r.prop.snapshot_id.bytes[0] = std::byte{n};
    r.prop.provider_id = provider;
    r.copy = "copy " + std::to_string(n);
    return r;
  }
  std::set<std::string> files() const {
    std::set<std::string> names;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) names.insert(entry.path().filename().string());
    return names;
  }
  // Copies that somebody else would clear away now.
  std::set<std::string> leftovers(const guid& provider = shadow::reflink_provider_id) {
    std::set<std::string> found;
    const auto outcome = others->clear_leftovers(provider, [&](const snapshot_record& r) -> result<void> {
      found.insert(r.copy);
      return error(errc::busy, "not now");
    });
    EXPECT_EQ(outcome.has_error(), !found.empty());
    return found;
  }
};

TEST_F(snapshot_records, an_absent_folder_holds_nothing) {
  EXPECT_TRUE(records->made(shadow::reflink_provider_id).value().empty());
  EXPECT_TRUE(records->reverting(shadow::reflink_provider_id).value().empty());
  EXPECT_TRUE(leftovers().empty());
  EXPECT_TRUE(records->end(record(1).prop.snapshot_id).has_value());
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(snapshot_records, a_copy_is_there_once_it_is_complete) {
  auto claim = records->begin(record(1));
  ASSERT_TRUE(claim.has_value()) << claim.error().message();
  EXPECT_TRUE(others->made(shadow::reflink_provider_id).value().empty());
  ASSERT_TRUE(records->complete(record(1)).has_value());
  EXPECT_EQ(others->made(shadow::reflink_provider_id).value(), std::vector{record(1)});
  EXPECT_TRUE(others->made(shadow::none_provider_id).value().empty());
  claim.value().reset();
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(snapshot_records, only_root_may_look) {
  const auto claim = records->begin(record(1));
  ASSERT_TRUE(claim.has_value());
  struct stat status {};
  ASSERT_EQ(::stat(folder.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  for (const auto& name : files()) {
    ASSERT_EQ(::stat((folder + "/" + name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << name;
  }
}

TEST_F(snapshot_records, an_id_is_begun_once) {
  const auto claim = records->begin(record(1));
  const auto again = others->begin(record(1));
  ASSERT_TRUE(again.has_error());
  EXPECT_EQ(again.error().code(), errc::exists);
}

TEST_F(snapshot_records, what_is_at_work_is_no_leftover) {
  auto claim = records->begin(record(1));
  ASSERT_TRUE(claim.has_value());
  EXPECT_TRUE(leftovers().empty());
  claim.value().reset();  // as if its process had died
  EXPECT_EQ(leftovers(), std::set<std::string>{"copy 1"});
  EXPECT_EQ(leftovers(), std::set<std::string>{"copy 1"});  // it could not be cleared, and is not forgotten
  EXPECT_TRUE(leftovers(shadow::none_provider_id).empty());
}

TEST_F(snapshot_records, what_was_cleared_is_forgotten) {
  records->begin(record(1)).value().reset();
  records->begin(record(2)).value().reset();
  std::set<std::string> cleared;
  EXPECT_TRUE(others
                  ->clear_leftovers(shadow::reflink_provider_id,
                                    [&](const snapshot_record& r) -> result<void> {
                                      cleared.insert(r.copy);
                                      return success();
                                    })
                  .has_value());
  EXPECT_EQ(cleared, (std::set<std::string>{"copy 1", "copy 2"}));
  EXPECT_TRUE(files().empty());
}

TEST_F(snapshot_records, a_deletion_that_was_cut_short_goes_on) {
  records->begin(record(1)).value().reset();
  ASSERT_TRUE(records->complete(record(1)).has_value());
  ASSERT_TRUE(records->withdraw(record(1).prop.snapshot_id).has_value());
  EXPECT_TRUE(others->made(shadow::reflink_provider_id).value().empty());
  EXPECT_EQ(leftovers(), std::set<std::string>{"copy 1"});
  ASSERT_TRUE(records->end(record(1).prop.snapshot_id).has_value());
  EXPECT_TRUE(leftovers().empty());
  EXPECT_TRUE(files().empty());
}

TEST_F(snapshot_records, a_revert_is_known_until_it_is_done) {
  auto claim = records->begin_revert(record(1));
  ASSERT_FALSE(claim.has_value());  // there is no folder: nothing was ever made
  records->begin(record(1)).value().reset();
  claim = records->begin_revert(record(1));
  ASSERT_TRUE(claim.has_value()) << claim.error().message();
  EXPECT_EQ(others->reverting(shadow::reflink_provider_id).value(), std::vector{record(1)});
  const auto second = others->begin_revert(record(1));
  ASSERT_TRUE(second.has_error());
  EXPECT_EQ(shadow::code_of(second.error()), shadow::result_code::e_revert_in_progress);
  claim.value().reset();  // as if its process had died
  EXPECT_TRUE(others->begin_revert(record(1)).has_value());
  ASSERT_TRUE(others->end_revert(record(1).prop.snapshot_id).has_value());
  EXPECT_TRUE(records->reverting(shadow::reflink_provider_id).value().empty());
}

TEST_F(snapshot_records, files_that_are_no_records_are_left_out_and_left_alone) {
  records->begin(record(1)).value().reset();
  ASSERT_TRUE(records->complete(record(1)).has_value());
  std::ofstream(folder + "/notes.made") << "{}";
  std::ofstream(folder + "/README") << "hello";
  // A record under another copy's name speaks for nobody.
  fs::copy_file(folder + "/01000000-0000-0000-0000-000000000000.made", folder + "/02000000-0000-0000-0000-000000000000.made");
  fs::copy_file(folder + "/01000000-0000-0000-0000-000000000000.begun", folder + "/03000000-0000-0000-0000-000000000000.begun");
  EXPECT_EQ(others->made(shadow::reflink_provider_id).value(), std::vector{record(1)});
  EXPECT_TRUE(leftovers().empty());
  EXPECT_EQ(files().size(), 6u);
}

}  // namespace
}  // namespace umbra::test
