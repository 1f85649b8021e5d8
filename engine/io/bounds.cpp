// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/bounds.h"

#include <fmt/format.h>

#include "engine/base/units.h"

namespace umbra::io {

result<void> check_bounds(const device& target, std::uint64_t offset, std::uint64_t size) {
  const auto limit = target.geometry().size;
  if (fits(offset, size, limit)) return success();
  return error(errc::out_of_range, fmt::format("{}: {} bytes at {} of {}", target.name(), size, offset, limit));
}

result<void> check_depth(const device& target, unsigned depth) {
  if (depth >= 1 && depth <= deepest_queue) return success();
  return error(errc::usage, fmt::format("{}: a queue holds 1 to {} transfers, not {}", target.name(), deepest_queue, depth));
}

void run_blocking(device& target, transfer& t) {
  t.outcome = t.way == transfer::direction::read ? target.read(t.offset, t.memory) : target.write(t.offset, t.memory);
}

}  // namespace umbra::io
