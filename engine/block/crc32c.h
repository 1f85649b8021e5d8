// SPDX-License-Identifier: GPL-3.0-or-later
// The two ways to compute CRC-32C behind crc32c() of hash.h; here so that a test can hold them against each other.
// Both carry a running register: start with ~0, end with a final inversion.
#pragma once

#include <cstdint>

#include "engine/base/bytes.h"

namespace umbra::crc {

std::uint32_t update_portable(std::uint32_t state, byte_view bytes) noexcept;

// Whether this CPU has the crc32 instruction; update_hardware may be called only then.
bool has_hardware() noexcept;
std::uint32_t update_hardware(std::uint32_t state, byte_view bytes) noexcept;

}  // namespace umbra::crc
