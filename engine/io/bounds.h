// SPDX-License-Identifier: GPL-3.0-or-later
// The checks that every device makes alike.
#pragma once

#include <cstdint>

#include "engine/io/device.h"

namespace umbra::io {

constexpr unsigned deepest_queue = 256;

// errc::out_of_range unless [offset, offset + size) lies inside `target`.
result<void> check_bounds(const device& target, std::uint64_t offset, std::uint64_t size);

// errc::usage unless 1 <= depth <= deepest_queue.
result<void> check_depth(const device& target, unsigned depth);

// Moves `t` with read() or write() of `target`, and sets its outcome.
void run_blocking(device& target, transfer& t);

}  // namespace umbra::io
