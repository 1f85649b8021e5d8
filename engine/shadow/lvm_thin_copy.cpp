// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/lvm_thin_copy.h"

#include <fmt/format.h>

#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

// In names of the device mapper a hyphen parts group and volume; one that belongs to a name is doubled.
std::string mapped(const std::string& name) {
  std::string made;
  for (const char c : name) made += c == '-' ? "--" : std::string(1, c);
  return made;
}

result<logical_volume> thin_volume(lvm_tool& tool, const std::string& name) {
  TRY(const auto found, list_logical_volumes(tool, name));
  if (!found.empty() && found.front().thin_id > 0 && !found.front().pool.empty()) return found.front();
  return failure(result_code::e_unexpected_provider_error, name + ": LVM does not tell its place in the thin pool");
}

result<void> tell(lvm_tool& tool, const std::string& pool, const std::string& message) {
  CHECK(tool.dmsetup({"message", pool, "0", message}));
  return success();
}

}  // namespace

result<lvm_thin_copy> find_thin_copy(lvm_tool& tool, const std::string& copy, const std::string& origin) {
  TRY(const auto from, thin_volume(tool, origin));
  TRY(const auto made, thin_volume(tool, copy));
  // Of a pool in use, "-tpool" is the device that takes messages.
  return lvm_thin_copy{fmt::format("{}-{}-tpool", mapped(from.group), mapped(from.pool)), made.thin_id, from.thin_id};
}

result<void> empty_thin_copy(lvm_tool& tool, const lvm_thin_copy& c) {
  return tell(tool, c.pool, fmt::format("delete {}", c.copy));
}

result<void> fill_thin_copy(lvm_tool& tool, const lvm_thin_copy& c) {
  return tell(tool, c.pool, fmt::format("create_snap {} {}", c.copy, c.origin));
}

}  // namespace umbra::shadow
