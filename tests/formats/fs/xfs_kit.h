// SPDX-License-Identifier: GPL-3.0-or-later
// XFS volumes for tests, filled by mkfs.xfs itself: nothing has to be mounted.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/io/file_device.h"
#include "engine/io/memory_device.h"
#include "formats/fs/xfs.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::fs::test_kit {

struct made_xfs {
  const char* name;
  const char* options;
  const char* size = "64M";
};

inline void PrintTo(const made_xfs& m, std::ostream* out) { *out << m.name; }

// Every 512 bytes of a file say which file and where in it: bytes found on the disk tell their place.
inline std::string sector_text(int file, std::uint64_t offset) {
  auto text = fmt::format("file {} at {};", file, offset);
  text.resize(512, '.');
  return text;
}

struct made_file {
  const char* path;
  std::uint64_t size;
};
inline const std::map<int, made_file> made_files{{1, {"/one", 5000}},
                                                 {2, {"/two", 16 << 10}},
                                                 {3, {"/three", (16 << 10) - 1}},
                                                 {4, {"/sub/four", 100000}},
                                                 {5, {"/sub/deep/five", 3 << 20}},
                                                 {6, {"/sub/deep/six", (1 << 20) + 7}},
                                                 {7, {"/many/seven", 300 << 10}}};
constexpr int many_names = 130;  // in /many; few enough to be quick, enough for several blocks of a folder

class made_volume {
 public:
  explicit made_volume(const made_xfs& how) : path_(dir_.at("volume")) {
    for (const auto& [file, what] : made_files) {
      std::ofstream out(dir_.at(std::to_string(file)), std::ios::binary);
      for (std::uint64_t at = 0; at < what.size; at += 512)
        out << sector_text(file, at).substr(0, std::min<std::uint64_t>(512, what.size - at));
    }
    std::ofstream(dir_.at("empty"));
    write_prototype();
    test::shell(fmt::format("truncate -s {} {}", how.size, path_));
    test::shell(fmt::format("mkfs.xfs -q -f --unsupported -p {} {} {}", dir_.at("prototype"), how.options, path_));
  }

  void run(const std::string& command) { test::shell(fmt::format(fmt::runtime(command), path_)); }
  // As xfs_db prints it.
  std::uint64_t number(const std::string& where, const std::string& field) const {
    const auto text = test::shell(fmt::format("xfs_db -r -c '{}' -c 'p {}' {}", where, field, path_));
    return std::stoull(text.substr(text.find('=') + 1));
  }
  std::unique_ptr<io::device> open() const { return std::move(io::open_device(path_, {}).value()); }
  std::unique_ptr<io::memory_device> load() const {
    const auto file = open();
    auto memory = std::make_unique<io::memory_device>(file->geometry().size);
    EXPECT_TRUE(file->read(0, memory->contents()).has_value());
    return memory;
  }
  const std::string& path() const { return path_; }
  const test::temp_dir& folder() const { return dir_; }

 private:
  void write_prototype() const {
    std::ofstream out(dir_.at("prototype"));
    const auto add = [&](int file) {
      const std::string path = made_files.at(file).path;
      out << fmt::format("{} ---644 0 0 {}\n", path.substr(path.rfind('/') + 1), dir_.at(std::to_string(file)));
    };
    out << "/\n0 0\nd--755 0 0\n";
    for (const int file : {1, 2, 3}) add(file);
    out << "link l--777 0 0 sub/four\nsub d--755 0 0\n";
    add(4);
    out << "deep d--755 0 0\n";
    for (const int file : {5, 6}) add(file);
    out << "$\n$\nmany d--755 0 0\n";
    for (int i = 0; i < many_names; ++i)
      out << fmt::format("a_file_with_quite_a_long_name_{} ---644 0 0 {}\n", i, dir_.at("empty"));
    add(7);
    out << "$\n$\n";
  }

  test::temp_dir dir_;
  std::string path_;
};

inline plan::allocation map_of(io::device& volume, const plan::scan_options& options = {}) {
  return recognise_xfs(volume).value()->used_blocks(options).value();
}

inline range_list whole(const io::device& d) { return {{0, d.geometry().size}}; }

}  // namespace umbra::fs::test_kit
