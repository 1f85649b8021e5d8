// SPDX-License-Identifier: GPL-3.0-or-later
// What the memory rows of bench/run.sh need.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace umbra::bench {

struct memory_peak {
  std::uint64_t anonymous = 0;  // highest RssAnon seen, bytes
  std::uint64_t resident = 0;   // VmHWM: with pages of files that are mapped
  int exit_code = 0;
};
// Runs a command (its output goes nowhere) and looks at its memory every two milliseconds.
result<memory_peak> watch_memory(const std::vector<std::string>& command);

// A vault at `folder`, made now, with one image and `records` contents that nothing else has: what many machines leave in its
// index, without their bytes. Records stand for 64 KiB each and store 16 bytes that do not decode: not a vault to restore from.
result<void> fill_vault(const std::string& folder, std::uint64_t records);

// A sparse file of `size` bytes with a page of data every `step`, no two the same.
result<void> spread_file(const std::string& path, std::uint64_t size, std::uint64_t step);

}  // namespace umbra::bench
