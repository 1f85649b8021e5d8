// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/volume_load.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "engine/base/units.h"

namespace umbra::shadow {
namespace {

using clock = std::chrono::steady_clock;

// Documented as always of this size, whatever the disk's is (the kernel's Documentation/block/stat.rst).
constexpr std::uint64_t sector = 512;

std::optional<std::uint64_t> written_to(const volume& v) {
  std::ifstream in(fmt::format("/sys/dev/block/{}:{}/stat", v.number.major, v.number.minor));
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  return written_bytes(line);
}

double seconds_since_start() {
  std::ifstream in("/proc/uptime");
  double seconds = 0;
  in >> seconds;
  return seconds;
}

std::uint64_t used_of(const volume& v) {
  struct statvfs space {};
  if (!v.is_mounted() || ::statvfs(v.mount_point.c_str(), &space) != 0 || space.f_bfree > space.f_blocks) return v.size;
  return std::min(v.size, checked_mul(space.f_blocks - space.f_bfree, space.f_frsize).value_or(v.size));
}

double rate(std::uint64_t bytes, double seconds) { return seconds > 0 ? static_cast<double>(bytes) / seconds : 0; }

}  // namespace

std::optional<std::uint64_t> written_bytes(std::string_view stat) {
  std::istringstream fields{std::string(stat)};
  std::uint64_t value = 0;
  // Reads, reads merged, sectors read, milliseconds of reading; writes, writes merged, sectors written.
  for (int field = 0; field < 7; ++field) {
    if (!(fields >> value)) return std::nullopt;
  }
  const auto bytes = checked_mul(value, sector);
  return bytes ? std::optional(*bytes) : std::nullopt;
}

volume_load measure_load(const volume& v, std::chrono::milliseconds window) {
  volume_load load{v.size, used_of(v), 0};
  const auto before = written_to(v);
  const auto started = clock::now();
  if (!before) return load;
  std::this_thread::sleep_for(window);
  const auto after = written_to(v).value_or(*before);
  const auto seconds = std::chrono::duration<double>(clock::now() - started).count();
  // A count that went back is that of another device.
  load.writes = std::max(after < *before ? 0 : rate(after - *before, seconds), rate(after, seconds_since_start()));
  return load;
}

}  // namespace umbra::shadow
