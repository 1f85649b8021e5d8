// SPDX-License-Identifier: GPL-3.0-or-later
// For tests on real file systems made by mke2fs, with files whose bytes tell their place.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include <fmt/format.h>

#include "engine/io/file_device.h"
#include "formats/fs/ext.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::fs {

struct made {
  const char* name;
  const char* options;
  const char* size;
};

inline void PrintTo(const made& m, std::ostream* out) { *out << m.name; }

// Every 512 bytes of a file say which file and where in it: bytes found on the disk tell their place.
inline std::string sector_text(int file, std::uint64_t offset) {
  auto text = fmt::format("file {} at {};", file, offset);
  text.resize(512, '.');
  return text;
}

inline const std::map<int, std::uint64_t> file_sizes{{1, 5000},    {2, 16 << 10},      {3, (16 << 10) - 1}, {4, 100000},
                                                     {5, 3 << 20}, {6, (1 << 20) + 7}, {7, 300 << 10},      {8, 64 << 10}};

inline void make_files(const std::filesystem::path& folder) {
  std::filesystem::create_directory(folder);
  for (const auto& [file, size] : file_sizes) {
    std::ofstream out(folder / std::to_string(file), std::ios::binary);
    for (std::uint64_t at = 0; at < size; at += 512)
      out << sector_text(file, at).substr(0, std::min<std::uint64_t>(512, size - at));
  }
  // One with holes: data at 1 MiB and 5 MiB only.
  std::ofstream sparse(folder / "9", std::ios::binary);
  for (const std::uint64_t base : {1u << 20, 5u << 20}) {
    sparse.seekp(static_cast<std::streamoff>(base));
    for (std::uint64_t at = base; at < base + (64 << 10); at += 512) sparse << sector_text(9, at);
  }
}

class made_volume {
 public:
  explicit made_volume(const made& how) : path_(dir_.at("volume")) {
    make_files(dir_ / "files");
    test::shell(fmt::format("yes | mke2fs -q -F {} -d {} {} {}", how.options, dir_.at("files"), path_, how.size));
  }
  void run(const std::string& command) { test::shell(fmt::format(fmt::runtime(command), path_)); }
  std::unique_ptr<io::device> open(io::open_options::access mode = io::open_options::access::read) const {
    io::open_options options;
    options.mode = mode;
    return std::move(io::open_device(path_, options).value());
  }
  const std::string& path() const { return path_; }

 private:
  test::temp_dir dir_;
  std::string path_;
};

inline plan::allocation map_of(io::device& volume, const plan::scan_options& options = {}) {
  return recognise_ext(volume).value()->used_blocks(options).value();
}

// The free blocks of all groups in the words of dumpe2fs: "  Free blocks: 1-4, 7".
inline range_list free_of_dumpe2fs(const std::string& path) {
  std::istringstream lines(test::shell("LC_ALL=C dumpe2fs " + path));
  std::uint64_t block_size = 0;
  std::uint64_t unit = 0;  // with bigalloc the last block of a range is the first one of its cluster
  range_list free;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Block size:")) unit = block_size = std::stoull(line.substr(11));
    if (line.starts_with("Cluster size:")) unit = std::stoull(line.substr(13));
    if (!line.starts_with("  Free blocks: ")) continue;
    std::istringstream list(line.substr(15));
    for (std::string item; std::getline(list, item, ',');) {
      if (item.find_first_of("0123456789") == std::string::npos) continue;
      std::size_t used = 0;
      const auto first = std::stoull(item, &used);
      const auto dash = item.find('-');
      const auto last = dash == std::string::npos ? first : std::stoull(item.substr(dash + 1));
      free.push_back({first * block_size, (last - first) * block_size + unit});
    }
  }
  normalise(free);
  return free;
}

inline range_list whole(const io::device& d) { return {{0, d.geometry().size}}; }

// Block of group 0's structure as dumpe2fs tells it: "Block bitmap at 259".
inline std::uint64_t place_of(const made_volume& volume, const std::string& what) {
  return std::stoull(
      test::shell("LC_ALL=C dumpe2fs " + volume.path() + " | sed -n 's/.*" + what + " at \\([0-9]*\\).*/\\1/p' | head -1"));
}

}  // namespace umbra::fs
