// SPDX-License-Identifier: GPL-3.0-or-later
// The eleven messages of the coordinator to its writers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace umbra::shadow {

enum class event : std::uint8_t {
  identify,
  prepare_backup,
  prepare_snapshot,
  freeze,
  thaw,
  post_snapshot,
  backup_complete,
  backup_shutdown,
  abort,
  pre_restore,
  post_restore,
};
constexpr std::size_t event_count = 11;

// "prepare_backup": what the JSON protocol and traces say.
std::string_view name_of(event e) noexcept;
// The event of that name; empty for anything else.
std::optional<event> event_named(std::string_view name) noexcept;

}  // namespace umbra::shadow
