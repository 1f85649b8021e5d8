// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/memory_group.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include <fmt/format.h>

#include "tests/support/loop_kit.h"

namespace umbra::test {
namespace {

// Where the memory controller is mounted; version 2 has all controllers in one place.
std::string controller(bool first_version) {
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string source;
    std::string folder;
    std::string type;
    std::string options;
    fields >> source >> folder >> type >> options;
    const bool has_memory = ("," + options + ",").find(",memory,") != std::string::npos;
    if (first_version ? type == "cgroup" && has_memory : type == "cgroup2") return folder;
  }
  return {};
}

}  // namespace

memory_group::memory_group(std::uint64_t bytes) : limit_(bytes) {
  const auto name = fmt::format("/umbra-test-{}", ::getpid());
  auto parent = controller(true);
  is_first_version_ = !parent.empty();
  if (parent.empty()) parent = controller(false);
  if (parent.empty()) {
    why_ = "no control groups are mounted";
    return;
  }
  if (::mkdir((parent + name).c_str(), 0700) != 0) {
    why_ = fmt::format("no control group can be made in {}: {}", parent, std::strerror(errno));
    return;
  }
  folder_ = parent + name;
  const auto limit = std::to_string(bytes);
  if (!write(is_first_version_ ? "memory.limit_in_bytes" : "memory.max", limit)) {
    why_ = parent + " has no memory controller for its groups";
    return;
  }
  // Nothing may go to swap space instead, where there is any.
  static_cast<void>(is_first_version_ ? write("memory.memsw.limit_in_bytes", limit) : write("memory.swap.max", "0"));
}

memory_group::~memory_group() {
  // What left it last may still be on its way.
  if (!folder_.empty()) settles([&] { return ::rmdir(folder_.c_str()) == 0; });
}

bool memory_group::write(const char* file, const std::string& text) const {
  std::ofstream out(folder_ + "/" + file);
  return static_cast<bool>(out << text << std::flush);
}

std::string memory_group::read(const char* file) const {
  std::ifstream in(folder_ + "/" + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool memory_group::join() const { return write("cgroup.procs", std::to_string(::getpid())); }

bool memory_group::let_them_wait() const { return is_first_version_ && write("memory.oom_control", "1"); }

std::uint64_t memory_group::kills() const {
  const auto text = read(is_first_version_ ? "memory.oom_control" : "memory.events");
  const auto at = text.find("oom_kill ");
  return at == std::string::npos ? 0 : std::stoull(text.substr(at + 9));
}

std::uint64_t memory_group::bytes_left() const {
  const auto used = std::stoull(read(is_first_version_ ? "memory.usage_in_bytes" : "memory.current"));
  return used < limit_ ? limit_ - used : 0;
}

}  // namespace umbra::test
