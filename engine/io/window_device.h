// SPDX-License-Identifier: GPL-3.0-or-later
// A part of a device as a device: a partition, or SOURCE@offset+length.
#pragma once

#include <memory>

#include "engine/io/device.h"

namespace umbra::io {

// [offset, offset + size) of `inner`, which the window owns. errc::out_of_range if it sticks out.
// `alignment` in the geometry stays the inner one's; offset must be a multiple of it (errc::usage).
result<std::unique_ptr<device>> make_window(std::unique_ptr<device> inner, range window);
// The same without ownership: `inner` must outlive the window.
result<std::unique_ptr<device>> make_window(device& inner, range window);

}  // namespace umbra::io
