// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/event.h"

#include <algorithm>
#include <array>

namespace umbra::shadow {
namespace {

constexpr std::array<std::string_view, event_count> names = {
    "identify",        "prepare_backup", "prepare_snapshot", "freeze",       "thaw", "post_snapshot", "backup_complete",
    "backup_shutdown", "abort",          "pre_restore",      "post_restore",
};
static_assert(static_cast<std::size_t>(event::post_restore) + 1 == event_count);

}  // namespace

std::string_view name_of(event e) noexcept {
  const auto index = static_cast<std::size_t>(e);
  return index < names.size() ? names[index] : "unknown";
}

std::optional<event> event_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<event>(found - names.begin());
}

}  // namespace umbra::shadow
