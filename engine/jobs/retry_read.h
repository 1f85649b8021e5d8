// SPDX-License-Identifier: GPL-3.0-or-later
// A read that failed, tried again in smaller pieces: what can be saved of a failing disk is saved.
#pragma once

#include <string>
#include <vector>

#include "engine/io/device.h"

namespace umbra::jobs {

struct unread_piece {
  range where;
  std::string reason;
};

// Fills t.memory as far as the device lets it; the pieces (4 KiB, or a logical sector if that is larger) that fail twice are
// zeroed and told, neighbours as one. An error means that the source has changed or gone: there is no point in going on.
result<std::vector<unread_piece>> read_in_pieces(io::device& device, const io::transfer& t);

}  // namespace umbra::jobs
