// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/set_lock.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "engine/shadow/result_code.h"
#include "tests/support/temp_dir.h"

namespace umbra::shadow {
namespace {

using ::testing::HasSubstr;

struct set_lock_file : ::testing::Test {
  // Success, or the code of the refusal.
  result_code attempt() {
    const auto taken = take_set_lock(path);
    return taken.has_value() ? result_code::s_ok : code_of(taken.error());
  }
  test::temp_dir dir;
  std::string path = dir.at("folder/set.lock");
};

TEST_F(set_lock_file, is_held_by_one_at_a_time) {
  auto first = take_set_lock(path);
  ASSERT_TRUE(first.has_value()) << first.error().message();
  const auto second = take_set_lock(path);
  ASSERT_TRUE(second.has_error());
  EXPECT_EQ(code_of(second.error()), result_code::e_snapshot_set_in_progress);
  EXPECT_EQ(second.error().code(), errc::busy);
  EXPECT_THAT(second.error().text(), HasSubstr("process " + std::to_string(::getpid()) + " ("));
  EXPECT_THAT(second.error().text(), HasSubstr("wait until it is done"));
  first = error();
  EXPECT_EQ(attempt(), result_code::s_ok);
  EXPECT_EQ(attempt(), result_code::s_ok) << "a file that is there is no lock";
}

TEST_F(set_lock_file, ends_with_its_process) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const auto taken = take_set_lock(path);
    if (taken.has_error()) ::_exit(1);
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, WUNTRACED), pid);
  EXPECT_TRUE(WIFSTOPPED(status)) << status;
  EXPECT_EQ(attempt(), result_code::e_snapshot_set_in_progress);
  ::kill(pid, SIGKILL);
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(attempt(), result_code::s_ok);
}

TEST_F(set_lock_file, does_not_follow_a_link) {
  std::filesystem::create_directory(dir / "folder");
  std::filesystem::create_symlink(dir / "elsewhere", path);
  EXPECT_NE(attempt(), result_code::s_ok);
  EXPECT_FALSE(std::filesystem::exists(dir / "elsewhere"));
}

TEST_F(set_lock_file, says_where_it_cannot_be) {
  path = dir.at("no/such/folder/set.lock");
  const auto taken = take_set_lock(path);
  ASSERT_TRUE(taken.has_error());
  EXPECT_THAT(taken.error().message(), HasSubstr(dir.at("no/such/folder")));
}

}  // namespace
}  // namespace umbra::shadow
