// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/lvm_instant.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

// Where LVM's programs, their libraries and their records lie: reading there while it stands still would wait for itself.
constexpr const char* needed[] = {"/", "/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64"};

}  // namespace

void lvm_instant::add(const guid& set, const volume& v) { sets_[set].volumes.push_back(v); }

bool lvm_instant::is_shared(const guid& set) const {
  const auto found = sets_.find(set);
  return found != sets_.end() && found->second.volumes.size() > 1;
}

result<void> lvm_instant::check(const guid& set) const {
  if (!is_shared(set)) return success();
  for (const auto& v : sets_.at(set).volumes) {
    if (std::ranges::find(needed, v.mount_point) == std::end(needed)) continue;
    return failure(result_code::e_provider_veto,
                   fmt::format("LVM cannot copy {0} at one instant with other logical volumes; put {0} into a set of its own",
                               v.mount_point));
  }
  return success();
}

result<void> lvm_instant::begin(const guid& set) {
  const auto found = sets_.find(set);
  if (found == sets_.end() || found->second.volumes.size() < 2 || found->second.hold || found->second.copied > 0)
    return success();
  std::vector<std::string> names;
  for (const auto& v : found->second.volumes) names.push_back(v.mapped_name);
  TRY(found->second.hold, tool_->hold(names));
  return success();
}

result<void> lvm_instant::copied(const guid& set) {
  const auto found = sets_.find(set);
  if (found == sets_.end()) return success();
  auto& s = found->second;
  if (++s.copied < s.volumes.size()) return success();
  const auto hold = std::move(s.hold);
  sets_.erase(found);
  return hold ? hold->end() : success();
}

void lvm_instant::forget(const guid& set) { sets_.erase(set); }

}  // namespace umbra::shadow
