// SPDX-License-Identifier: GPL-3.0-or-later
// No copy at all, for volumes that nothing writes to: the device stands for itself. It sees to it that nobody mounts the device
// meanwhile where it can, and tells afterwards whether anything was written.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/shadow/provider.h"

namespace umbra::shadow {

struct none_options {
  std::string machine;
  wall_clock now = system_wall_clock();
  std::function<result<volume>(const std::string&)> find_volume = shadow::find_volume;
};

std::shared_ptr<provider> make_none_provider(none_options options);

}  // namespace umbra::shadow
