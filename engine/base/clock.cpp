// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/clock.h"

#include <chrono>
#include <ctime>

namespace umbra {
namespace {

std::string utc_format(std::int64_t unix_seconds, const char* format) {
  const auto time = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  if (gmtime_r(&time, &parts) == nullptr) return "(no valid time)";
  char text[40];
  const auto length = std::strftime(text, sizeof(text), format, &parts);
  return {text, length};
}

}  // namespace

wall_clock system_wall_clock() {
  return [] {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
  };
}

elapsed_clock system_elapsed_clock() {
  return
      [] { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()); };
}

std::string utc_text(std::int64_t unix_seconds) { return utc_format(unix_seconds, "%Y-%m-%d %H:%M:%S UTC"); }
std::string utc_iso(std::int64_t unix_seconds) { return utc_format(unix_seconds, "%Y-%m-%dT%H:%M:%SZ"); }

}  // namespace umbra
