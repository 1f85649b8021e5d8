// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/test_program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <fstream>

#include "engine/io/unique_fd.h"

namespace umbra::test {

result<std::shared_ptr<shadow::process_writer>> start_test_program(const test_program& program, const std::string& folder) {
  const auto stem = folder + "/" + program.name;
  std::ofstream(stem + ".xml") << "<TestWriter name='" << program.name << "' recordFile='" << stem << ".record' holdFile='"
                               << stem << ".hold' " << program.attributes << ">" << program.inside << "</TestWriter>";
  const auto script = std::string(UMBRA_SOURCE_DIR) + "/tests/support/test_writer.py";
  return shadow::process_writer::start({{"/usr/bin/python3", script, stem + ".xml"}, {}}, program.limits);
}

bool is_held(const std::string& path) {
  const unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) ADD_FAILURE() << path << " is not there";
  return file.is_open() && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0;
}

bool has_children() {
  siginfo_t ended{};
  return ::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace umbra::test
