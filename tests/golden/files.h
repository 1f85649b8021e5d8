// SPDX-License-Identifier: GPL-3.0-or-later
// Sets of files on disk, and their list of sums in the form of sha256sum.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "tests/golden/drawing.h"
#include "tests/support/sha256.h"

namespace umbra::golden {

// Every regular file below `folder`, by its path from there.
inline file_set read_folder(const std::filesystem::path& folder) {
  file_set out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto view = as_bytes(text);
    out[std::filesystem::relative(entry.path(), folder).generic_string()] = bytes(view.begin(), view.end());
  }
  return out;
}

// Files that are there already stay as they are: golden images are never edited. Returns how many were written.
inline std::size_t write_folder(const std::filesystem::path& folder, const file_set& files) {
  std::size_t written = 0;
  for (const auto& [path, content] : files) {
    const auto target = folder / path;
    if (std::filesystem::exists(target)) continue;
    std::filesystem::create_directories(target.parent_path());
    std::ofstream out(target, std::ios::binary);
    out.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    if (!out.flush()) throw std::runtime_error(target.string() + ": cannot be written");
    ++written;
  }
  return written;
}

// "SHA256  PATH" lines, sorted by path.
inline std::string sums_of(const file_set& files) {
  std::string lines;
  for (const auto& [path, content] : files) {
    test::sha256 sum;
    sum.add(content);
    lines += fmt::format("{}  {}\n", sum.hex(), path);
  }
  return lines;
}

}  // namespace umbra::golden
