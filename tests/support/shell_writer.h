// SPDX-License-Identifier: GPL-3.0-or-later
// Writers as shell scripts, in a folder of the test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace umbra::test {

// Writes an executable file and gives its path back.
inline std::string write_program(const std::filesystem::path& path, std::string_view text) {
  namespace fs = std::filesystem;
  std::ofstream(path, std::ios::binary) << text;
  std::error_code failed;
  fs::permissions(path, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec, failed);
  EXPECT_FALSE(failed) << path;
  return path.string();
}

// A writer that answers every event with success, but for those that `cases` treats: arms of a shell's case on $event, which may
// call `answer` and `fail "text"`. `at_end` runs when its input has ended.
inline std::string shell_writer(std::string_view cases, std::string_view at_end = {}) {
  std::string text = R"sh(#!/bin/sh
answer() { printf '{"event":"%s","ok":true}\n' "$event"; }
fail() { printf '{"event":"%s","ok":false,"code":"retryable","text":"%s"}\n' "$event" "$1"; }
while IFS= read -r line; do
  event=${line#'{"event":"'} event=${event%%'"'*}
  case $event in
)sh";
  text += cases;
  text += R"sh(
    hello) printf '%s\n' '{"event":"hello","ok":true,"protocol":1,"name":"Shell Writer","level":"back_end",
"freeze_timeout_ms":1234,"class_id":"{f1701d14-ca65-4d20-a625-fa51e54b3944}"}' | tr -d '\n'; echo ;;
    *) answer ;;
  esac
done
)sh";
  text += at_end;
  return text;
}

// The whole text of a file, "" if there is none.
inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace umbra::test
