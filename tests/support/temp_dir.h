// SPDX-License-Identifier: GPL-3.0-or-later
// A fresh directory of the system's temporary folder, removed with all it holds when this dies.
#pragma once

#include <filesystem>
#include <string>

namespace umbra::test {

class temp_dir {
 public:
  // Throws std::filesystem::filesystem_error when the system gives no directory: no test can go on then.
  temp_dir();
  ~temp_dir();
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string string() const { return path_.string(); }
  // The path of an entry inside: dir / "vault" / "packs".
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }
  // The same as text, for interfaces that take strings: dir.at("image.umbra").
  std::string at(const std::filesystem::path& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace umbra::test
