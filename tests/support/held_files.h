// SPDX-License-Identifier: GPL-3.0-or-later
// A read-only file system of bytes that a test holds and bends in place: what damage is tried on a hundred thousand times.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/byte_file.h"

namespace umbra::test {

class held_files final : public store::file_system {
 public:
  std::map<std::string, std::vector<std::byte>> files;  // by path; changed only while no file is open

  result<std::unique_ptr<store::input_file>> open(const std::string& path) override {
    const auto found = files.find(path);
    if (found == files.end()) return error(errc::not_found, path);
    return std::unique_ptr<store::input_file>(std::make_unique<byte_file>(found->second));
  }
  result<std::vector<store::directory_entry>> list(const std::string& path) override {
    std::map<std::string, store::directory_entry> entries;
    const auto folder = path + "/";
    for (auto at = files.lower_bound(folder); at != files.end() && at->first.starts_with(folder); ++at) {
      const auto rest = at->first.substr(folder.size());
      const auto slash = rest.find('/');
      const auto name = rest.substr(0, slash);
      entries[name] = {name, slash != std::string::npos, slash == std::string::npos ? at->second.size() : 0};
    }
    if (entries.empty()) return error(errc::not_found, path);
    std::vector<store::directory_entry> list;
    for (auto& [name, entry] : entries) list.push_back(std::move(entry));
    return list;
  }

  result<std::unique_ptr<store::output_file>> create(const std::string& path) override { return refused(path); }
  result<void> link(const std::string&, const std::string& to) override { return refused(to); }
  result<void> remove(const std::string& path) override { return refused(path); }
  result<void> sync_directory(const std::string& path) override { return refused(path); }
  result<void> make_directory(const std::string& path) override { return refused(path); }
  result<std::unique_ptr<store::file_lock>> lock(const std::string& path) override { return refused(path); }

 private:
  static error refused(const std::string& path) { return {errc::denied, path}; }
};

}  // namespace umbra::test
