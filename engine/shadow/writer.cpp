// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/writer.h"

#include <algorithm>

namespace umbra::shadow {

bool writer_session::is_path_affected(const std::string& path) const {
  return std::ranges::any_of(volumes, [&path](const std::string& volume) {
    if (volume.empty() || !path.starts_with(volume)) return false;
    return path.size() == volume.size() || volume.ends_with('/') || path[volume.size()] == '/';
  });
}

}  // namespace umbra::shadow
