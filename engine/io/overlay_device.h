// SPDX-License-Identifier: GPL-3.0-or-later
// A device some of whose parts are read from elsewhere: a disk whose volumes are read from their shadow copies.
#pragma once

#include <memory>
#include <vector>

#include "engine/io/device.h"

namespace umbra::io {

struct overlay_piece {
  std::uint64_t offset = 0;  // where the piece's device begins in the whole
  std::unique_ptr<device> from;
};

// Reads come from the pieces where there is one, else from `base`; both are owned. Read-only: errc::denied. Pieces may not
// overlap or stick out (errc::out_of_range), and begin at multiples of the largest alignment of all (errc::usage), which is the
// overlay's.
result<std::unique_ptr<device>> make_overlay(std::unique_ptr<device> base, std::vector<overlay_piece> pieces);

}  // namespace umbra::io
