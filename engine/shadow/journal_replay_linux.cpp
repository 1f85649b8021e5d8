// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/journal_replay_linux.h"

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "engine/io/unique_fd.h"

namespace umbra::shadow {
namespace {

// What the kernel has to say about it: lines like "e ext4: …", errors after hints.
std::string words_of(int context) {
  std::array<char, 512> line;
  std::string words;
  for (ssize_t n = 0; (n = ::read(context, line.data(), line.size())) > 0;) {
    words.assign(line.data(), static_cast<std::size_t>(n));
    while (words.ends_with('\n')) words.pop_back();
  }
  return words.size() > 2 ? words.substr(2) : words;
}

}  // namespace

bool needs_replay(std::string_view file_system) noexcept {
  constexpr std::array<std::string_view, 3> kinds{"ext3", "ext4", "xfs"};
  return std::ranges::find(kinds, file_system) != kinds.end();
}

result<void> replay_journal(const std::string& node, const std::string& file_system) {
  const unique_fd context(::fsopen(file_system.c_str(), FSOPEN_CLOEXEC));
  if (!context.is_open()) return os_failure(errc::unsupported, "mounting " + file_system);
  const int fd = context.get();
  bool done = ::fsconfig(fd, FSCONFIG_SET_STRING, "source", node.c_str(), 0) == 0;
  // The volume itself is mounted under the same id.
  if (file_system == "xfs") done = done && ::fsconfig(fd, FSCONFIG_SET_FLAG, "nouuid", nullptr, 0) == 0;
  done = done && ::fsconfig(fd, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0;
  if (done) return success();
  const int why = errno;
  const auto words = words_of(fd);
  return os_failure(errc::io_write, words.empty() ? node : fmt::format("{} ({})", node, words), why);
}

}  // namespace umbra::shadow
