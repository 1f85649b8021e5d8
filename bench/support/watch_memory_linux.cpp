// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "bench/support/stopwatch.h"
#include "bench/support/watch_memory.h"

namespace umbra::bench {
namespace {

// "RssAnon:      1234 kB" in bytes; 0 if the line is not there.
std::uint64_t field(const std::string& path, std::string_view name) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name)) return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10) * 1024;
  }
  return 0;
}

result<pid_t> start(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const auto& w : command) words.push_back(const_cast<char*>(w.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return os_failure(errc::not_found, command[0], failed);
  return child;
}

}  // namespace

result<memory_peak> watch_memory(const std::vector<std::string>& command) {
  const stopwatch watch;
  TRY(const auto child, start(command));
  const auto status_file = fmt::format("/proc/{}/status", child);
  memory_peak peak;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    peak.anonymous = std::max(peak.anonymous, field(status_file, "RssAnon"));
    peak.resident = std::max(peak.resident, field(status_file, "VmHWM"));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  peak.seconds = watch.seconds();
  peak.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return peak;
}

}  // namespace umbra::bench
