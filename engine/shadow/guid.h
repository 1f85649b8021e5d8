// SPDX-License-Identifier: GPL-3.0-or-later
// VSS_ID: names shadow copies, sets, providers, writer classes and writer instances.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"

namespace umbra::shadow {

// All zero is GUID_NULL: "none", or "any" where a provider is asked for. Bytes stand in the order in which they are written.
using guid = opaque_id<16, struct guid_tag>;

// "{b5946137-7b9f-4925-af80-51abd60b20d5}", lower case.
std::string to_string(const guid& id);
// With or without braces, either case; empty for anything else.
std::optional<guid> parse_guid(std::string_view text);
// For constants in the source, spelt as parse_guid() takes them: a wrong text ends the program.
guid operator""_guid(const char* text, std::size_t size);

}  // namespace umbra::shadow
