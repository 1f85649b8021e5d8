// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/backup_document.h"

#include <algorithm>

namespace umbra::shadow {

const backup_component* writer_components::find(std::string_view logical_path, std::string_view name) const {
  const auto found = std::ranges::find_if(
      components, [&](const backup_component& c) { return c.name == name && c.logical_path == logical_path; });
  return found == components.end() ? nullptr : &*found;
}

backup_component* writer_components::find(std::string_view logical_path, std::string_view name) {
  return const_cast<backup_component*>(std::as_const(*this).find(logical_path, name));
}

writer_components* backup_document::find(const guid& class_id, const guid& instance_id) {
  const auto found = std::ranges::find_if(
      writers, [&](const writer_components& w) { return w.class_id == class_id && w.instance_id == instance_id; });
  return found == writers.end() ? nullptr : &*found;
}

}  // namespace umbra::shadow
