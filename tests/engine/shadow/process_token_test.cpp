// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/process_token.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace umbra::shadow {
namespace {

// The token with another text in one of its four places.
std::string changed(const std::string& token, int place, const std::string& text) {
  std::string made;
  std::size_t at = 0;
  for (int i = 0; i < 4; ++i) {
    const auto end = std::min(token.find('.', at), token.size());
    made += (i == 0 ? "" : ".") + (i == place ? text : token.substr(at, end - at));
    at = end + 1;
  }
  return made;
}

TEST(process_token, of_a_living_process_is_not_gone) {
  ASSERT_FALSE(process_token().empty());
  EXPECT_EQ(process_token(), process_token());
  EXPECT_FALSE(is_gone(process_token()));
}

TEST(process_token, of_a_process_that_ended_is_gone) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto token = process_token();
    const bool written = ::write(ends[1], token.data(), token.size()) == static_cast<ssize_t>(token.size());
    ::_exit(written ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  std::string token(200, ' ');
  token.resize(static_cast<std::size_t>(::read(ends[0], token.data(), token.size())));
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_TRUE(is_gone(token)) << token;
}

TEST(process_token, is_of_one_start_and_one_boot) {
  EXPECT_TRUE(is_gone(changed(process_token(), 1, "1")));
  EXPECT_TRUE(is_gone(changed(process_token(), 3, "0123456789abcdef")));
}

TEST(process_token, of_what_cannot_be_told_is_not_gone) {
  EXPECT_FALSE(is_gone(""));
  EXPECT_FALSE(is_gone("1.2.3"));
  EXPECT_FALSE(is_gone(changed(process_token(), 0, "../x")));
  EXPECT_FALSE(is_gone(changed(changed(process_token(), 2, "7"), 1, "1"))) << "of another namespace";
}

}  // namespace
}  // namespace umbra::shadow
