// SPDX-License-Identifier: GPL-3.0-or-later
// test_writer.py as a writer of a session: as a program of writers.d is, but started by the test, with a configuration of its
// own.
#pragma once

#include <memory>
#include <string>

#include "engine/shadow/process_writer.h"

namespace umbra::test {

struct test_program {
  std::string name;
  std::string inside;      // of the element TestWriter: what it does wrong
  std::string attributes;  // more of them
  shadow::process_writer_limits limits;
};

// Its files lie in `folder`: NAME.xml; NAME.record, a line for each event; NAME.hold, locked while it holds its application
// still.
result<std::shared_ptr<shadow::process_writer>> start_test_program(const test_program& program, const std::string& folder);

// Somebody has a lock on the file. The file is there: a test that looks at the wrong one fails.
bool is_held(const std::string& path);

// A child of this process that is not collected, or runs.
bool has_children();

}  // namespace umbra::test
