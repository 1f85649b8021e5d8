// SPDX-License-Identifier: GPL-3.0-or-later
// Words of other programs, made fit for one line of ours.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace umbra::shadow {

// Runs of white space and control characters become one space, those at the ends go, bytes that are not UTF-8 become "?". If more
// than `at_most` bytes are left, the beginning goes, for programs say what is wrong last: "…and so on".
std::string one_line(std::string_view text, std::size_t at_most);

}  // namespace umbra::shadow
