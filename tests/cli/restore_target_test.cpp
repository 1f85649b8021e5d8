// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/restore_target.h"

#include <gtest/gtest.h>

#include <fstream>

#include "cli/app.h"
#include "tests/cli/fake_world.h"
#include "tests/support/temp_dir.h"

namespace umbra::cli {
namespace {

using test::fake_world;

class restore_target : public testing::Test {
 protected:
  restore_target() {
    info_.sources.push_back({.size = 4096});
    info_.sources.push_back({.size = 100});
  }

  std::string file(const std::string& name, std::size_t size) {
    std::ofstream(dir_.at(name)) << std::string(size, 'x');
    return dir_.at(name);
  }
  restore_plan plan(const std::string& path, std::size_t source = 0) {
    return plan_restore({path, false}, dir_.at("an.umbra"), info_, source, w_.world());
  }
  // The problem's kind, or none.
  std::optional<errc> problem(const std::string& path) {
    const auto p = plan(path).problem;
    return p ? std::optional(p->code()) : std::nullopt;
  }

  umbra::test::temp_dir dir_;
  fake_world w_;
  image::image_info info_;
};

TEST_F(restore_target, may_be_new_or_empty_or_large_enough) {
  const auto fresh = plan(dir_.at("new"));
  EXPECT_FALSE(fresh.exists);
  EXPECT_FALSE(fresh.problem);
  const auto empty = plan(file("empty", 0));
  EXPECT_TRUE(empty.exists);
  EXPECT_FALSE(empty.problem);
  EXPECT_EQ(empty.target_size, 4096u);
  const auto same = plan(file("same", 4096));
  EXPECT_EQ(same.target_size, 4096u);
  EXPECT_FALSE(same.problem);
  EXPECT_EQ(problem(file("short", 4095)), errc::geometry_mismatch);
  EXPECT_FALSE(plan(dir_.at("short"), 1).problem);
}

TEST_F(restore_target, is_no_folder_no_link_to_nothing_and_no_image) {
  EXPECT_EQ(problem(dir_.string()), errc::usage);
  EXPECT_EQ(problem(""), errc::usage);
  std::filesystem::create_symlink("nothing", dir_ / "link");
  EXPECT_EQ(problem(dir_.at("link")), errc::usage);
  file("disk", 1 << 16);
  ASSERT_EQ(run_app({"backup", dir_.at("disk"), "--to", dir_.at("an.umbra")}, w_.world()), 0) << w_.err();
  std::filesystem::copy_file(dir_ / "an.umbra", dir_ / "parent.umbra");
  EXPECT_EQ(problem(dir_.at("an.umbra")), errc::usage);
  EXPECT_EQ(problem(dir_.at("parent.umbra")), errc::usage);
  // What is left of a damaged image may still be mended.
  std::fstream(dir_.at("parent.umbra"), std::ios::in | std::ios::out | std::ios::binary).seekp(3000).write("?", 1);
  EXPECT_EQ(problem(dir_.at("parent.umbra")), errc::usage);
}

TEST_F(restore_target, lies_outside_the_vault) {
  std::filesystem::create_directories(dir_ / "v/packs");
  const auto in_vault = [&](const std::string& path) {
    return plan_restore({path, false}, dir_.at("v") + "::name", info_, 0, w_.world()).problem.has_value();
  };
  EXPECT_TRUE(in_vault(dir_.at("v/packs/new")));
  EXPECT_TRUE(in_vault(dir_.at("v/../v/new")));
  EXPECT_TRUE(in_vault(file("v/old", 5000)));
  EXPECT_FALSE(in_vault(dir_.at("vault")));
  EXPECT_FALSE(in_vault(dir_.at("v/../new")));
  std::filesystem::create_directory_symlink(dir_ / "v", dir_ / "detour");
  EXPECT_TRUE(in_vault(dir_.at("detour/new")));
}

TEST_F(restore_target, is_asked_for_only_when_something_would_be_lost) {
  int questions = 0;
  w_.world().confirm = [&](const std::string& question, const std::string& expected) {
    ++questions;
    EXPECT_NE(question.find(dir_.at("old")), std::string::npos) << question;
    EXPECT_NE(question.find("image x"), std::string::npos) << question;
    EXPECT_EQ(expected, dir_.at("old"));
    return questions == 1;
  };
  const auto old = file("old", 5000);
  EXPECT_TRUE(confirm_target({old, false}, "image x", w_.world()).has_value());
  const auto refused = confirm_target({old, false}, "image x", w_.world());
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code(), errc::cancelled);
  EXPECT_TRUE(confirm_target({old, true}, "image x", w_.world()).has_value());
  EXPECT_TRUE(confirm_target({dir_.at("new"), false}, "image x", w_.world()).has_value());
  EXPECT_TRUE(confirm_target({file("empty", 0), false}, "image x", w_.world()).has_value());
  EXPECT_EQ(questions, 2);

  w_.world().confirm = nullptr;
  const auto nobody = confirm_target({old, false}, "image x", w_.world());
  ASSERT_TRUE(nobody.has_error());
  EXPECT_EQ(nobody.error().code(), errc::usage);
  EXPECT_NE(nobody.error().message().find("--yes"), std::string::npos);
}

TEST_F(restore_target, opens_at_the_sources_size_or_keeps_its_own) {
  for (const auto& [name, size] : {std::pair("new", 4096u), {"empty", 4096u}, {"large", 5000u}}) {
    if (name != std::string("new")) file(name, size == 4096u ? 0 : size);
    const auto opened = open_restore_target({dir_.at(name), true}, 4096);
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    EXPECT_EQ(opened.value()->geometry().size, size) << name;
    EXPECT_FALSE(opened.value()->geometry().read_only);
  }
}

}  // namespace
}  // namespace umbra::cli
