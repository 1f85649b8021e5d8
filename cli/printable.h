// SPDX-License-Identifier: GPL-3.0-or-later
// Text from images, disks and command lines as it may be shown on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace umbra::cli {

// '?' for whatever could steer a terminal or mislead a reader: control characters (C0, DEL and C1), line and paragraph
// separators, marks that turn the direction of writing, and each byte that is not UTF-8.
std::string printable(std::string_view text);

// True if printable() changes nothing.
bool is_printable(std::string_view text);

}  // namespace umbra::cli
