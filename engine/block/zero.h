// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/base/bytes.h"

namespace umbra {

// True if every byte is zero (also for an empty view). Stops at the first other byte.
bool is_zero(byte_view bytes) noexcept;

}  // namespace umbra
