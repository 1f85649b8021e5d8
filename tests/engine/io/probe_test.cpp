// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/probe.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/contract/device_contract.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

namespace fs = std::filesystem;

struct probe : ::testing::Test {
  temp_dir dir;
  std::string path = dir.at("file");
  void SetUp() override { std::ofstream(path) << "x"; }
};

TEST_F(probe, same_file_goes_by_inode) {
  fs::create_hard_link(path, dir / "hard");
  fs::create_symlink("file", dir / "soft");
  std::ofstream(dir / "copy") << "x";
  EXPECT_TRUE(io::same_file(path, path));
  EXPECT_TRUE(io::same_file(path, dir.at("hard")));
  EXPECT_TRUE(io::same_file(dir.at("soft"), dir.at("hard")));
  EXPECT_FALSE(io::same_file(path, dir.at("copy")));
  EXPECT_FALSE(io::same_file(path, dir.at("missing")));
  EXPECT_FALSE(io::same_file(dir.at("missing"), dir.at("missing")));
}

TEST_F(probe, an_ordinary_file_is_not_in_use) {
  const auto uses = io::mounts_of(path);
  ASSERT_TRUE(succeeds(uses));
  EXPECT_TRUE(uses.value().empty());
  EXPECT_EQ(io::hardware_id(path), "");
}

TEST_F(probe, tells_what_does_not_exist) {
  EXPECT_TRUE(fails_with(errc::not_found, io::mounts_of(dir.at("missing"))));
  EXPECT_TRUE(fails_with(errc::not_found, io::lies_on(path, dir.at("missing"))));
  EXPECT_TRUE(fails_with(errc::usage, io::mounts_of("")));
}

TEST_F(probe, nothing_lies_on_an_ordinary_file) {
  for (const auto& inside : {path, dir.string(), dir.at("not/yet/there"), std::string("not-yet-there"), std::string("/proc")}) {
    const auto answer = io::lies_on(inside, path);
    ASSERT_TRUE(succeeds(answer)) << inside;
    EXPECT_FALSE(answer.value()) << inside;
  }
}

}  // namespace
}  // namespace umbra::test
