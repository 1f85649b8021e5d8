// SPDX-License-Identifier: GPL-3.0-or-later
// PID.START.NAMESPACE.BOOT: numbers of processes come again, but not with the same start after the same boot; and they mean
// something only in their namespace.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <sstream>
#include <vector>

#include <fmt/format.h>

#include "engine/io/small_file_posix.h"
#include "engine/shadow/process_token.h"

namespace umbra::shadow {
namespace {

std::string boot() {
  auto id = io::read_text("/proc/sys/kernel/random/boot_id");
  std::erase_if(id, [](unsigned char c) { return std::isxdigit(c) == 0; });
  return id;
}

std::string pid_namespace() {
  struct stat s = {};
  return ::stat("/proc/self/ns/pid", &s) == 0 ? fmt::format("{}", s.st_ino) : std::string();
}

// In ticks since the boot; empty if there is no such process, or only what its parent did not ask about yet.
std::string start_of(const std::string& pid) {
  const auto text = io::read_text("/proc/" + pid + "/stat");
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  fields >> field;
  if (field == "Z" || field == "X") return {};
  constexpr int start_field = 20;  // the 22nd of all, and two come before the name's end
  for (int i = 1; i < start_field; ++i) fields >> field;
  return fields ? field : std::string();
}

std::vector<std::string> parts_of(const std::string& token) {
  std::vector<std::string> parts;
  std::istringstream text(token);
  for (std::string part; std::getline(text, part, '.');) parts.push_back(part);
  return parts;
}

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

std::string process_token() {
  const auto pid = fmt::format("{}", ::getpid());
  const auto start = start_of(pid);
  const auto space = pid_namespace();
  const auto booted = boot();
  if (start.empty() || space.empty() || booted.empty()) return {};
  return fmt::format("{}.{}.{}.{}", pid, start, space, booted);
}

bool is_gone(const std::string& token) {
  const auto parts = parts_of(token);
  if (parts.size() != 4 || !is_number(parts[0]) || !is_number(parts[1]) || !is_number(parts[2]) || parts[3].empty()) return false;
  const auto booted = boot();
  if (booted.empty()) return false;
  if (parts[3] != booted) return true;
  return parts[2] == pid_namespace() && start_of(parts[0]) != parts[1];
}

}  // namespace umbra::shadow
