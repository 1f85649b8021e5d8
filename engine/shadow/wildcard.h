// SPDX-License-Identifier: GPL-3.0-or-later
// Names against patterns: "*" stands for any text, also none, "?" for one character.
#pragma once

#include <string_view>

namespace umbra::shadow {

// Case counts on Linux. Where it does not, letters of ASCII are folded, and "*.*" fits names without a dot, too (Windows).
enum class letter_case : bool { ignored, counts };

// Nothing in `name` is special: a leading dot fits "*" as well. A character is one of UTF-8, or a byte that is none.
// Takes at most name.size() * pattern.size() steps.
bool matches_pattern(std::string_view name, std::string_view pattern, letter_case letters = letter_case::counts) noexcept;

bool has_wildcard(std::string_view pattern) noexcept;

}  // namespace umbra::shadow
