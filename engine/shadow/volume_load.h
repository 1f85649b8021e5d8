// SPDX-License-Identifier: GPL-3.0-or-later
// What is written to a volume, by the kernel's own count.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "engine/shadow/area_forecast.h"
#include "engine/shadow/volume.h"

namespace umbra::shadow {

// Takes as long as `window`. Of two rates the larger: within the window, and since the system was started. What cannot be found
// out is taken to be nothing (writes), or all (what is used).
volume_load measure_load(const volume& v, std::chrono::milliseconds window);

// Bytes written, of a line of /sys/dev/block/MAJOR:MINOR/stat.
std::optional<std::uint64_t> written_bytes(std::string_view stat);

}  // namespace umbra::shadow
