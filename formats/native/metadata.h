// SPDX-License-Identifier: GPL-3.0-or-later
// The JSON in a manifest is printed and never obeyed; this only makes sure that any JSON parser can take it.
#pragma once

#include <string_view>

namespace umbra::native {

constexpr unsigned max_metadata_depth = 64;

// True if `text` is one JSON object in valid UTF-8, nested no deeper than max_metadata_depth. Builds nothing in memory.
bool is_json_object(std::string_view text);

}  // namespace umbra::native
