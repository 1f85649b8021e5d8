// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/markdown.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace umbra::test {
namespace {

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(' ');
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

}  // namespace

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

row cells_of(const std::string& line) {
  row cells;
  if (!line.starts_with("|")) return cells;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) cells.push_back(trimmed(cell));
  return cells;
}

std::vector<row> table(const std::string& text, const std::string& heading, const row& header) {
  std::istringstream in(text);
  bool below = heading.empty();
  bool inside = false;
  std::vector<row> rows;
  for (std::string line; std::getline(in, line);) {
    if (line == heading) below = true;
    const row cells = cells_of(line);
    if (inside && cells.empty()) break;
    if (inside && !cells[0].starts_with("---")) rows.push_back(cells);
    if (below && !inside && cells.size() >= header.size() && std::equal(header.begin(), header.end(), cells.begin()))
      inside = true;
  }
  return rows;
}

}  // namespace umbra::test
