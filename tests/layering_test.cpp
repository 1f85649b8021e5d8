// SPDX-License-Identifier: GPL-3.0-or-later
// Holds the arrows between folders (docs/hacking.md): reads every #include under engine, formats and cli, and compares it with
// the tables below. To allow a new arrow, change the table and say in the commit why.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
using names = std::set<std::string, std::less<>>;

// engine/<key> may include engine/<value>; its own folder always.
const std::map<std::string, names, std::less<>>& engine_arrows() {
  static const std::map<std::string, names, std::less<>> table{
      {"base", {}},
      {"block", {"base"}},
      {"io", {"base", "block"}},
      {"codec", {"base", "block", "io"}},
      {"flow", {"base", "block", "io"}},
      {"image", {"base", "block", "io", "codec", "flow"}},
      {"plan", {"base", "block", "io", "codec", "flow", "image"}},
      {"shadow", {"base", "block", "io", "codec", "flow", "image", "plan"}},
      {"store", {"base", "block", "io"}},
      {"jobs", {"base", "block", "io", "codec", "flow", "image", "plan", "shadow", "store"}},
  };
  return table;
}

// Folders of formats; each may include the engine and itself, and registry all of them.
const names& format_folders() {
  static const names table{"native", "raw", "table", "fs", "qcow2", "vhdx", "changes", "registry"};
  return table;
}

// Headers of operating systems, by name or by first folder.
bool is_system_header(const std::string& header) {
  static const names single{"unistd.h",   "fcntl.h",  "dirent.h",   "poll.h",     "pthread.h", "signal.h",   "spawn.h",
                            "pwd.h",      "grp.h",    "termios.h",  "dlfcn.h",    "mntent.h",  "sched.h",    "semaphore.h",
                            "syslog.h",   "utime.h",  "ftw.h",      "glob.h",     "libgen.h",  "fnmatch.h",  "wordexp.h",
                            "netdb.h",    "endian.h", "byteswap.h", "liburing.h", "windows.h", "winioctl.h", "winsock2.h",
                            "ws2tcpip.h", "io.h",     "direct.h",   "process.h",  "shlobj.h",  "vss.h",      "vswriter.h",
                            "vsbackup.h", "malloc.h", "execinfo.h", "getopt.h",   "strings.h"};
  static const names folders{"sys", "linux", "asm", "net", "netinet", "arpa", "bits", "blkid", "libmount"};
  const auto slash = header.find('/');
  return slash == std::string::npos ? single.contains(header) : folders.contains(header.substr(0, slash));
}

// Where the operating system may be touched: in these places, in files named for their platform.
bool may_touch_system(const std::string& file) {
  static const std::regex allowed(R"((engine/(io|store|shadow)/|cli/context)[a-z0-9_]*_(posix|linux|windows)\.cpp)");
  return std::regex_match(file, allowed);
}

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  std::istringstream in(path);
  for (std::string part; std::getline(in, part, '/');) parts.push_back(part);
  return parts;
}

std::string stem_of(const std::string& path) {
  std::string stem = fs::path(path).stem().string();
  for (const std::string_view platform : {"_posix", "_linux", "_windows"})
    if (stem.ends_with(platform)) stem.resize(stem.size() - platform.size());
  return stem;
}

// Empty if `file` may include "target", else why not.
std::string judge_own(const std::string& file, const std::string& target) {
  const auto from = parts_of(file);
  const auto to = parts_of(target);
  static const std::map<std::string, int, std::less<>> height{{"engine", 0}, {"formats", 1}, {"cli", 2}};
  if (to.size() < 2 || !height.contains(to[0]))
    return "own headers are included from the root path, and nothing includes tests or bench";
  if (height.at(to[0]) > height.at(from[0])) return from[0] + " may not see " + to[0];
  if (from[0] == "engine" && from[1] != to[1]) {
    if (!engine_arrows().contains(from[1])) return "engine/" + from[1] + " is not in the table";
    if (!engine_arrows().at(from[1]).contains(to[1])) return "engine/" + from[1] + " may not see engine/" + to[1];
  }
  if (from[0] == "formats" && to[0] == "formats" && from[1] != to[1] && from[1] != "registry")
    return "formats never see each other";
  if (from[0] == "formats" && !format_folders().contains(from[1])) return "formats/" + from[1] + " is not in the table";
  const bool both_verbs = from[0] == "cli" && from[1] == "commands" && to[0] == "cli" && to[1] == "commands";
  if (both_verbs && stem_of(file) != stem_of(target)) return "verbs never see each other";
  return {};
}

// "file:line: why" for each #include of `text` that breaks a rule.
std::vector<std::string> violations(const std::string& file, const std::string& text) {
  static const std::regex include(R"(^\s*#\s*include\s*(["<])([^">]+)[">])");
  std::vector<std::string> found;
  std::istringstream in(text);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::smatch match;
    if (!std::regex_search(line, match, include)) continue;
    std::string why;
    if (match[1] == "\"") why = judge_own(file, match[2]);
    if (is_system_header(match[2]) && !may_touch_system(file)) why = "an operating system's header outside the files for it";
    if (!why.empty()) found.push_back(file + ":" + std::to_string(number) + ": " + match[2].str() + ": " + why);
  }
  return found;
}

struct source {
  std::string path;  // from the repository's root
  std::string text;
};

std::vector<source> all_sources() {
  const fs::path root(UMBRA_SOURCE_DIR);
  std::vector<source> sources;
  for (const char* top : {"engine", "formats", "cli"})
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".h") continue;
      std::ifstream in(entry.path(), std::ios::binary);
      sources.push_back({fs::relative(entry.path(), root).generic_string(), {std::istreambuf_iterator<char>(in), {}}});
    }
  return sources;
}

TEST(layering, every_include_follows_the_arrows) {
  const auto sources = all_sources();
  EXPECT_GT(sources.size(), 40U) << "the test does not see the sources";
  for (const source& s : sources)
    for (const std::string& line : violations(s.path, s.text)) ADD_FAILURE() << line;
}

TEST(layering, every_source_names_its_licence_in_its_first_line) {
  for (const source& s : all_sources())
    EXPECT_TRUE(s.text.starts_with("// SPDX-License-Identifier: GPL-3.0-or-later\n")) << s.path;
}

TEST(layering, every_engine_folder_is_in_the_table) {
  for (const auto& entry : fs::directory_iterator(fs::path(UMBRA_SOURCE_DIR) / "engine"))
    if (entry.is_directory()) {
      EXPECT_TRUE(engine_arrows().contains(entry.path().filename().string())) << entry.path();
    }
}

struct planted {
  const char* file;
  const char* include;
};

TEST(layering, finds_each_planted_violation) {
  const std::vector<planted> bad{
      {"engine/base/bytes.h", "\"engine/block/hash.h\""},
      {"engine/codec/codec.cpp", "\"engine/flow/crew.h\""},
      {"engine/store/local_store.cpp", "\"engine/image/block.h\""},
      {"engine/plan/cuts.cpp", "\"engine/jobs/backup.h\""},
      {"engine/novel/thing.cpp", "\"engine/base/result.h\""},
      {"engine/jobs/backup.cpp", "\"formats/native/layout.h\""},
      {"engine/io/device.h", "\"tests/support/temp_dir.h\""},
      {"formats/native/vault.cpp", "\"formats/fs/ext.h\""},
      {"formats/table/gpt.cpp", "\"formats/registry/registry.h\""},
      {"formats/fs/ext.cpp", "\"cli/context.h\""},
      {"formats/novel/thing.cpp", "\"engine/base/result.h\""},
      {"cli/commands/backup.cpp", "\"cli/commands/restore.h\""},
      {"cli/commands/backup.cpp", "\"bench/support/make_disk.h\""},
      {"cli/app.cpp", "\"app.h\""},
      {"engine/jobs/backup.cpp", "<unistd.h>"},
      {"engine/io/file_device.cpp", "<sys/stat.h>"},
      {"engine/io/unique_fd.h", "<fcntl.h>"},
      {"formats/fs/getfsmap_linux.cpp", "<linux/fsmap.h>"},
      {"cli/commands/backup_posix.cpp", "<signal.h>"},
      {"engine/flow/crew.cpp", "<windows.h>"},
      {"engine/io/uring_device.cpp", "<liburing.h>"},
  };
  for (const planted& p : bad)
    EXPECT_EQ(violations(p.file, std::string("#pragma once\n  #  include ") + p.include + "\n").size(), 1U)
        << p.file << " includes " << p.include;
}

TEST(layering, lets_each_allowed_arrow_pass) {
  const std::vector<planted> good{
      {"engine/block/hash.cpp", "\"engine/base/bytes.h\""},
      {"engine/jobs/backup.cpp", "\"engine/store/store.h\""},
      {"engine/io/file_device_posix.cpp", "<unistd.h>"},
      {"engine/io/uring_device_linux.cpp", "<liburing.h>"},
      {"engine/store/file_system_windows.cpp", "<windows.h>"},
      {"engine/shadow/freeze_linux.cpp", "<linux/fs.h>"},
      {"cli/context_posix.cpp", "<signal.h>"},
      {"formats/native/vault.cpp", "\"engine/store/store.h\""},
      {"formats/registry/registry.cpp", "\"formats/fs/ext.h\""},
      {"cli/commands/backup.cpp", "\"cli/commands/backup.h\""},
      {"cli/app.cpp", "\"cli/commands/backup.h\""},
      {"cli/commands/backup.cpp", "\"formats/registry/registry.h\""},
      {"engine/base/bytes.h", "<vector>"},
      {"engine/block/hash.cpp", "<blake3.h>"},
  };
  for (const planted& p : good)
    EXPECT_TRUE(violations(p.file, std::string("#include ") + p.include + "\n").empty()) << p.file << " includes " << p.include;
}

}  // namespace
