// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace umbra::bench {

struct memory_peak {
  std::uint64_t anonymous = 0;  // highest RssAnon seen, bytes
  std::uint64_t resident = 0;   // VmHWM: with pages of files that are mapped
  double seconds = 0;
  int exit_code = 0;
};
// Runs a command (its standard output goes nowhere) and looks at its memory every two milliseconds.
result<memory_peak> watch_memory(const std::vector<std::string>& command);

}  // namespace umbra::bench
