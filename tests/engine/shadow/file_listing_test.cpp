// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/file_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Folders and files from a list of paths; those that end in "/" are folders.
class fake_lister final : public folder_lister {
 public:
  explicit fake_lister(const std::vector<std::string>& paths) {
    for (const auto& path : paths) add(path);
  }

  result<std::vector<folder_entry>> list(const std::string& folder) override {
    listed.push_back(folder);
    if (folder == broken) return error(errc::io_read, folder);
    const auto found = folders_.find(folder);
    if (found == folders_.end()) return error(errc::not_found, folder);
    return found->second;
  }

  std::string broken;
  std::vector<std::string> listed;

 private:
  void add(std::string path) {
    const bool is_folder = path.ends_with('/');
    if (is_folder) path.pop_back();
    if (is_folder) folders_[path.empty() ? "/" : path];
    const auto cut = path.rfind('/');
    if (cut == std::string::npos) return;
    folders_[cut == 0 ? "/" : path.substr(0, cut)].push_back({path.substr(cut + 1), is_folder});
  }

  std::map<std::string, std::vector<folder_entry>> folders_;
};

// The directories of the reference's page on the definition of components.
fake_lister documented_folders() {
  return fake_lister({"/Directory1/", "/Directory1/File1.txt", "/Directory1/File2.txt", "/Directory1/Directory2/",
                      "/Directory1/Directory2/File1.txt", "/Directory1/Directory2/File2.txt", "/Directory1/Directory3/"});
}

file_spec in(std::string path, std::string spec, bool recursive = false, std::string alternate = "") {
  return {std::move(path), std::move(spec), recursive, std::move(alternate), file_spec_backup_type::standard};
}

std::vector<std::string> files_of(const file_listing& listing) {
  std::vector<std::string> paths;
  for (const auto& file : listing.files) paths.push_back(file.path);
  return paths;
}

file_listing list(const file_set& set, folder_lister& lister) {
  auto listing = list_files(set, lister);
  EXPECT_TRUE(listing) << listing.error().message();
  return listing ? listing.value() : file_listing{};
}

TEST(file_listing, the_documented_example_by_name_and_recursive) {
  auto lister = documented_folders();
  const auto listing = list(file_set({in("/Directory1", "File1.*", true)}, {}), lister);
  EXPECT_THAT(files_of(listing), ElementsAre("/Directory1/Directory2/File1.txt", "/Directory1/File1.txt"));
  EXPECT_THAT(listing.folders, ElementsAre("/Directory1", "/Directory1/Directory2", "/Directory1/Directory3"));
}

TEST(file_listing, the_documented_example_of_everything) {
  auto lister = documented_folders();
  const auto listing = list(file_set({in("/Directory1", "*", true)}, {}), lister);
  EXPECT_THAT(files_of(listing), ElementsAre("/Directory1/Directory2/File1.txt", "/Directory1/Directory2/File2.txt",
                                             "/Directory1/File1.txt", "/Directory1/File2.txt"));
  EXPECT_THAT(listing.folders, ElementsAre("/Directory1", "/Directory1/Directory2", "/Directory1/Directory3"));
}

TEST(file_listing, the_documented_example_of_one_folder) {
  auto lister = documented_folders();
  const auto listing = list(file_set({in("/Directory1", "*", false)}, {}), lister);
  EXPECT_THAT(files_of(listing), ElementsAre("/Directory1/File1.txt", "/Directory1/File2.txt"));
  EXPECT_THAT(listing.folders, IsEmpty());
  EXPECT_THAT(lister.listed, ElementsAre("/Directory1"));
}

TEST(file_listing, leaves_out_what_is_excluded) {
  auto lister = documented_folders();
  const file_set set({in("/Directory1", "*", true)}, {in("/Directory1/Directory2", "*"), in("/", "File2.txt", true)});
  EXPECT_THAT(files_of(list(set, lister)), ElementsAre("/Directory1/File1.txt"));
}

TEST(file_listing, reads_at_the_alternate_path_what_belongs_to_the_other) {
  fake_lister lister({"/data/", "/data/a.txt", "/spit/", "/spit/b.txt", "/spit/c.txt", "/spit/sub/", "/spit/sub/d.txt"});
  const file_set set({in("/data", "*.txt", true, "/spit/")}, {in("/data", "c.txt"), in("/spit", "b.txt")});
  const auto listing = list(set, lister);
  ASSERT_THAT(files_of(listing), ElementsAre("/data/b.txt", "/data/sub/d.txt"));
  EXPECT_EQ(listing.files[0].source, "/spit/b.txt");
  EXPECT_EQ(listing.files[1].source, "/spit/sub/d.txt");
  EXPECT_THAT(listing.folders, ElementsAre("/data", "/data/sub"));
}

TEST(file_listing, a_named_file_must_be_there) {
  auto lister = documented_folders();
  const auto missing = list_files(file_set({in("/Directory1", "File3.txt")}, {}), lister);
  ASSERT_FALSE(missing);
  EXPECT_EQ(code_of(missing.error()), result_code::e_object_not_found);
  EXPECT_THAT(missing.error().text(), HasSubstr("'/Directory1/File3.txt' is not there"));
  EXPECT_FALSE(list_files(file_set({in("/Directory9", "File1.txt")}, {}), lister));
  EXPECT_FALSE(list_files(file_set({in("/Directory1", "File1.txt", false, "/Directory9")}, {}), lister));
  EXPECT_FALSE(list_files(file_set({in("/Directory1", "Directory2")}, {}), lister)) << "a folder is no file";
}

TEST(file_listing, a_named_file_of_a_recursive_set_may_be_in_any_folder) {
  fake_lister lister({"/d/", "/d/x/", "/d/x/here"});
  EXPECT_THAT(files_of(list(file_set({in("/d", "here", true)}, {}), lister)), ElementsAre("/d/x/here"));
  const auto missing = list_files(file_set({in("/d", "gone", true)}, {}), lister);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().text(), HasSubstr("nor in a folder below"));
}

TEST(file_listing, a_named_file_that_is_excluded_may_be_missing) {
  auto lister = documented_folders();
  EXPECT_THAT(files_of(list(file_set({in("/Directory1", "File3.txt")}, {in("/Directory1", "File3*")}), lister)), IsEmpty());
  EXPECT_THAT(files_of(list(file_set({in("/Directory1", "File1.txt", true)}, {in("/Directory1", "*", true)}), lister)),
              IsEmpty());
}

TEST(file_listing, a_pattern_may_mean_nothing) {
  auto lister = documented_folders();
  EXPECT_THAT(list(file_set({in("/Directory1", "*.log", true)}, {}), lister).files, IsEmpty());
  const auto nowhere = list(file_set({in("/Directory9", "*", true)}, {}), lister);
  EXPECT_THAT(nowhere.files, IsEmpty());
  EXPECT_THAT(nowhere.folders, IsEmpty());
}

TEST(file_listing, a_file_meant_twice_is_listed_once_with_all_its_backup_types) {
  auto lister = documented_folders();
  auto full = in("/Directory1", "File1.txt");
  full.backup_types = file_spec_backup_type::full_backup_required;
  auto log = in("/Directory1", "*", true, "/Directory1");
  log.backup_types = file_spec_backup_type::log_backup_required;
  const auto listing = list(file_set({full, log}, {}), lister);
  ASSERT_EQ(listing.files.size(), 4u);
  EXPECT_EQ(listing.files[2].path, "/Directory1/File1.txt");
  EXPECT_EQ(listing.files[2].backup_types,
            file_spec_backup_type::full_backup_required | file_spec_backup_type::log_backup_required);
  EXPECT_EQ(listing.files[3].backup_types, file_spec_backup_type::log_backup_required);
}

TEST(file_listing, starts_at_the_root_if_told_so) {
  fake_lister lister({"/", "/a", "/b/", "/b/c"});
  const auto listing = list(file_set({in("/", "*", true)}, {}), lister);
  EXPECT_THAT(files_of(listing), ElementsAre("/a", "/b/c"));
  EXPECT_THAT(listing.folders, ElementsAre("/", "/b"));
  EXPECT_EQ(listing.files[0].source, "/a");
}

TEST(file_listing, tells_what_the_lister_says) {
  auto lister = documented_folders();
  lister.broken = "/Directory1/Directory2";
  const auto failed = list_files(file_set({in("/Directory1", "*", true)}, {}), lister);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), errc::io_read);
}

// A folder in itself, as a broken file system or a mount in a circle shows it.
class endless_lister final : public folder_lister {
 public:
  result<std::vector<folder_entry>> list(const std::string&) override { return std::vector<folder_entry>{{"again", true}}; }
};

TEST(file_listing, folders_without_end_are_an_error) {
  endless_lister lister;
  const auto failed = list_files(file_set({in("/d", "*", true)}, {}), lister);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().text(), HasSubstr("folders nested without end"));
}

}  // namespace
}  // namespace umbra::shadow
