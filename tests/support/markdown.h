// SPDX-License-Identifier: GPL-3.0-or-later
// Tables of the pages in docs, for the tests that compare them with the code.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace umbra::test {

// Everything in a file; a failure of the test that calls it, and nothing, if it cannot be read.
std::string read_text(const std::filesystem::path& path);

using row = std::vector<std::string>;

// Cells of a table row, without the spaces around them; empty for any other line.
row cells_of(const std::string& line);

// Rows of the first table whose header begins with these cells, below the first line equal to `heading` (any line if empty).
std::vector<row> table(const std::string& text, const std::string& heading, const row& header);

}  // namespace umbra::test
