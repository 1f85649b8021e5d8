// SPDX-License-Identifier: GPL-3.0-or-later
// A disk some of whose blocks have changed, without writing to it: one byte of each chosen block reads as its complement.
#pragma once

#include <memory>
#include <vector>

#include "engine/io/device.h"

namespace umbra::bench {

// `places`: sorted offsets. `inner` must outlive it. Read-only.
std::unique_ptr<io::device> make_changed_device(io::device& inner, std::vector<std::uint64_t> places);

}  // namespace umbra::bench
