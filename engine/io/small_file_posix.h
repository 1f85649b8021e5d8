// SPDX-License-Identifier: GPL-3.0-or-later
// Texts of /proc and /sys. POSIX only.
#pragma once

#include <string>
#include <vector>

namespace umbra::io {

// The whole text, at most 16 MiB of it; empty if it cannot be read.
std::string read_text(const std::string& path);
// The names in a folder but "." and "..", sorted; empty if it cannot be read.
std::vector<std::string> names_in(const std::string& folder);
// Without white space and zero bytes at both ends.
std::string trimmed(const std::string& text);

}  // namespace umbra::io
