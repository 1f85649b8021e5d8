// SPDX-License-Identifier: GPL-3.0-or-later
// Copies of small mounted volumes on anything: all that is in use is read into memory while the file system holds still. For
// volumes that nothing else can copy, and that are small enough for the hold to end in time. The coordinator freezes them
// (hold::coordinator); file systems that the kernel cannot freeze are taken only while they are mounted read-only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/block/extent.h"
#include "engine/shadow/provider.h"

namespace umbra::shadow {

struct freeze_options {
  std::string machine;
  wall_clock now = system_wall_clock();
  // Bytes in use at most, of all volumes of a set: they are held in memory until the copies are deleted. More is refused.
  std::uint64_t limit = 512ull << 20;
  // Reading all volumes of a set may take as long as this; well below the time for which the coordinator holds writes. What is
  // likely to take longer, by a sample read beforehand, is refused.
  std::chrono::milliseconds copy_time = std::chrono::seconds(5);
  // What of a volume is in use, in any order. Called with its device while it holds still: may read the device, and touches no
  // file. An error: all of it.
  std::function<result<range_list>(io::device&)> used_ranges;
  // Types of the file systems that `used_ranges` understands while they are frozen, as they are mounted: "ext4". All of any
  // other is copied.
  std::vector<std::string> understood;
  // A clock that only goes forward.
  std::function<std::chrono::nanoseconds()> timer;
};

std::shared_ptr<provider> make_freeze_provider(freeze_options options);

}  // namespace umbra::shadow
