// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/area_forecast.h"

#include <algorithm>

#include "engine/base/units.h"

namespace umbra::shadow {
namespace {

// Numbers that no volume has, and what is no number, become the most that is sensible.
std::uint64_t whole_bytes(double bytes, std::uint64_t most) {
  if (!(bytes < static_cast<double>(most))) return most;
  return bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0;
}

}  // namespace

std::uint64_t whole_extents(std::uint64_t bytes, std::uint64_t extent) {
  return std::max<std::uint64_t>(div_up(bytes, extent), 1) * extent;
}

std::uint64_t largest_area(std::uint64_t volume_size, std::uint64_t extent) {
  // The kernel's tables take 16 bytes for each 4 KiB that is kept: a 64th is four times as much.
  return whole_extents(volume_size + volume_size / 64 + 2 * extent, extent);
}

std::uint64_t forecast_area(const volume_load& load, bool lasts, std::uint64_t extent, const area_rules& rules) {
  const auto most = largest_area(load.size, extent);
  const auto used = static_cast<double>(std::min(load.used, load.size));
  const auto seconds = used / rules.read_rate + rules.other_seconds;
  const auto written = whole_bytes(load.writes * seconds * rules.safety, most);
  auto share = whole_bytes(static_cast<double>(load.size) * rules.share, most);
  if (!lasts) share = std::min(share, rules.share_limit);
  return std::min(most, whole_extents(std::max({written, share, rules.minimum}), extent));
}

}  // namespace umbra::shadow
