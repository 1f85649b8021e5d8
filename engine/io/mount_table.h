// SPDX-License-Identifier: GPL-3.0-or-later
// The texts in which Linux lists mounts and swap spaces. Pure functions; lines that do not parse are left out.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace umbra::io {

// The number of a block node, or of a file system (major 0: one that lies on no single device).
struct device_number {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  auto operator<=>(const device_number&) const = default;
};

// "8:1"; white space around it is allowed.
std::optional<device_number> parse_device_number(std::string_view text);

struct mount_entry {
  std::uint64_t id = 0;
  device_number device;
  std::string root;  // what of the file system is mounted: "/" unless it is a bind mount or a subvolume
  std::string mount_point;
  std::string type;
  std::string source;
  std::vector<std::string> super_options;
  bool read_only = false;  // the file system is, not only this mount of it

  // The value of a super option "key=value"; empty if there is none.
  std::string_view option(std::string_view key) const;
};

// /proc/self/mountinfo
std::vector<mount_entry> parse_mountinfo(std::string_view text);
// /proc/swaps: the paths of partitions and files
std::vector<std::string> parse_swaps(std::string_view text);
// Octal escapes (\040 is a space) of both files
std::string unescape_octal(std::string_view text);

}  // namespace umbra::io
