// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/writer_metadata.h"

#include <algorithm>

namespace umbra::shadow {

const component_info* writer_metadata::find(std::string_view logical_path, std::string_view name) const {
  const auto found =
      std::ranges::find_if(components, [&](const component_info& c) { return c.name == name && c.logical_path == logical_path; });
  return found == components.end() ? nullptr : &*found;
}

}  // namespace umbra::shadow
