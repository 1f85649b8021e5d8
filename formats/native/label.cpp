// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/label.h"

#include <nlohmann/json.hpp>

namespace umbra::native {

std::string metadata_name(const std::string& json) {
  const auto document = nlohmann::json::parse(json, nullptr, false);
  if (!document.is_object()) return {};
  const auto found = document.find("name");
  if (found == document.end() || !found->is_string()) return {};
  return found->get<std::string>();
}

}  // namespace umbra::native
