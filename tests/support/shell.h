// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the system's tools for tests that compare with them, or that need a disk only they can make.
#pragma once

#include <cstdio>
#include <string>

#include <gtest/gtest.h>

namespace umbra::test {

// The output of a shell command, which must succeed. Error output is dropped.
inline std::string shell(const std::string& command) {
  std::string out;
  auto* pipe = ::popen(("export PATH=$PATH:/usr/sbin:/sbin; exec 2>/dev/null; " + command).c_str(), "r");
  if (!pipe) {
    ADD_FAILURE() << "cannot run a shell";
    return out;
  }
  char bytes[4096];
  while (const auto n = std::fread(bytes, 1, sizeof(bytes), pipe)) out.append(bytes, n);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return out;
}

}  // namespace umbra::test
