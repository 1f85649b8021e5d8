// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/file_set.h"

#include <gtest/gtest.h>

namespace umbra::shadow {
namespace {

file_spec in(std::string path, std::string spec, bool recursive = false, std::string alternate = "") {
  return {std::move(path), std::move(spec), recursive, std::move(alternate), file_spec_backup_type::standard};
}

TEST(file_set, cleans_paths) {
  EXPECT_EQ(file_set::clean("/srv/data"), "/srv/data");
  EXPECT_EQ(file_set::clean("/srv/data/"), "/srv/data");
  EXPECT_EQ(file_set::clean("//srv///data//"), "/srv/data");
  EXPECT_EQ(file_set::clean("/./srv/././data/."), "/srv/data");
  EXPECT_EQ(file_set::clean("/"), "");
  EXPECT_EQ(file_set::clean("/."), "");
  EXPECT_EQ(file_set::clean(""), "");
  EXPECT_EQ(file_set::clean("/.hidden/..x"), "/.hidden/..x");
}

TEST(file_set, a_plain_specification_means_one_folder) {
  const file_set set({in("/srv/data/", "*.txt")}, {});
  EXPECT_TRUE(set.matches("/srv/data/a.txt"));
  EXPECT_TRUE(set.matches("//srv//data/./a.txt"));
  EXPECT_FALSE(set.matches("/srv/data/a.log"));
  EXPECT_FALSE(set.matches("/srv/data/sub/a.txt"));
  EXPECT_FALSE(set.matches("/srv/database/a.txt"));
  EXPECT_FALSE(set.matches("/srv/a.txt"));
  EXPECT_FALSE(set.matches("/srv/data"));
  EXPECT_FALSE(set.matches(""));
  EXPECT_FALSE(set.matches("/"));
}

TEST(file_set, a_recursive_one_means_all_below_too) {
  const file_set set({in("/srv/data", "*.txt", true)}, {});
  EXPECT_TRUE(set.matches("/srv/data/a.txt"));
  EXPECT_TRUE(set.matches("/srv/data/x/y/z/a.txt"));
  EXPECT_FALSE(set.matches("/srv/data2/a.txt"));
  EXPECT_FALSE(set.matches("/srv/data.txt"));
}

TEST(file_set, the_root_is_a_folder_like_any) {
  EXPECT_TRUE(file_set({in("/", "*")}, {}).matches("/vmlinuz"));
  EXPECT_FALSE(file_set({in("/", "*")}, {}).matches("/boot/vmlinuz"));
  EXPECT_TRUE(file_set({in("/", "*", true)}, {}).matches("/boot/vmlinuz"));
}

TEST(file_set, exclusion_beats_inclusion) {
  const file_set set({in("/srv/data", "*", true), in("/srv/data/tmp", "keep", false)}, {in("/srv/data/tmp", "*", true)});
  EXPECT_TRUE(set.matches("/srv/data/a"));
  EXPECT_FALSE(set.matches("/srv/data/tmp/b"));
  EXPECT_FALSE(set.matches("/srv/data/tmp/deep/b"));
  EXPECT_FALSE(set.matches("/srv/data/tmp/keep"));
}

TEST(file_set, asks_about_the_place_where_a_file_belongs) {
  const file_set set({in("/srv/data", "*.txt", false, "/srv/spit")}, {in("/srv/spit", "*"), in("/srv/data", "b.txt")});
  EXPECT_TRUE(set.matches("/srv/data/a.txt"));
  EXPECT_FALSE(set.matches("/srv/data/b.txt"));
  EXPECT_FALSE(set.matches("/srv/spit/a.txt"));
}

TEST(file_set, case_counts_unless_it_is_ignored) {
  const file_set linux_rules({in("/Srv/Data", "*.TXT", true)}, {});
  EXPECT_FALSE(linux_rules.matches("/srv/data/a.txt"));
  const file_set windows_rules({in("/Srv/Data", "*.TXT", true)}, {in("/SRV/DATA", "B*")}, letter_case::ignored);
  EXPECT_TRUE(windows_rules.matches("/srv/data/a.txt"));
  EXPECT_TRUE(windows_rules.matches("/sRV/dATA/X/a.Txt"));
  EXPECT_FALSE(windows_rules.matches("/srv/data/b.txt"));
}

TEST(file_set, backup_types_say_which_backups_take_a_file) {
  using enum file_spec_backup_type;
  const auto types = incremental_backup_required | full_snapshot_required;
  EXPECT_TRUE(is_wanted(types, backup_type::incremental));
  EXPECT_FALSE(is_wanted(types, backup_type::full));
  EXPECT_FALSE(is_wanted(types, backup_type::differential));
  EXPECT_FALSE(is_wanted(types, backup_type::log));
  EXPECT_FALSE(is_wanted(types, backup_type::copy));
  EXPECT_TRUE(is_wanted(full_backup_required, backup_type::full));
  EXPECT_TRUE(is_wanted(full_backup_required, backup_type::copy));
  EXPECT_TRUE(is_wanted(differential_backup_required, backup_type::differential));
  EXPECT_TRUE(is_wanted(log_backup_required, backup_type::log));
  EXPECT_FALSE(is_wanted(none, backup_type::full));
  for (const auto type :
       {backup_type::full, backup_type::incremental, backup_type::differential, backup_type::log, backup_type::copy}) {
    EXPECT_TRUE(is_wanted(standard, type));
    EXPECT_TRUE(needs_snapshot(standard, type));
    EXPECT_FALSE(needs_snapshot(all_backup_required, type));
  }
  EXPECT_TRUE(needs_snapshot(types, backup_type::copy));
  EXPECT_FALSE(needs_snapshot(types, backup_type::incremental));
  EXPECT_TRUE(needs_snapshot(log_snapshot_required, backup_type::log));
}

}  // namespace
}  // namespace umbra::shadow
