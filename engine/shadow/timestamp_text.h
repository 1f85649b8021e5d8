// SPDX-License-Identifier: GPL-3.0-or-later
// Times as documents and people write them (RFC 3339), exact to the 100 ns of a VSS_TIMESTAMP.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/shadow/snapshot.h"

namespace umbra::shadow {

// "2024-05-01T12:00:00Z", with as many decimals as it needs; years beyond 9999 have five digits. Empty for 0, which is "no
// time", and for times before 1601.
std::string to_text(timestamp t);
// Reads that back; also with an offset ("+02:00") and up to nine decimals, of which seven count. Nothing for any other text,
// and for times before 1601.
std::optional<timestamp> parse_timestamp(std::string_view text);

}  // namespace umbra::shadow
