// SPDX-License-Identifier: GPL-3.0-or-later
// Wall-clock time, passed in. It is written into manifests for people to read; no decision about safety uses it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace umbra {

// Seconds since 1970-01-01 UTC.
using wall_clock = std::function<std::int64_t()>;

wall_clock system_wall_clock();

// Time since some moment in the past, running forward only: for limits on how long something is tried.
using elapsed_clock = std::function<std::chrono::milliseconds()>;

elapsed_clock system_elapsed_clock();

// "2026-11-23 18:04:05 UTC"
std::string utc_text(std::int64_t unix_seconds);
// "2026-11-23T18:04:05Z"
std::string utc_iso(std::int64_t unix_seconds);

}  // namespace umbra
