// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/image_text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/size_text.h"
#include "engine/base/clock.h"

namespace umbra::cli {

result<void> check_source_number(std::size_t number, const image::image_info& info) {
  if (number < info.sources.size()) return success();
  return error(errc::usage, fmt::format("--source-number {}: the image has {}, numbered from 0", number,
                                        counted(info.sources.size(), "source")));
}

std::uint64_t source_bytes(const image::image_info& info) {
  std::uint64_t total = 0;
  for (const auto& s : info.sources) total += s.size;
  return total;
}

nlohmann::json metadata_of(const image::image_info& info) {
  auto document = nlohmann::json::parse(info.metadata, nullptr, false);
  return document.is_object() ? document : nlohmann::json::object();
}

std::string image_label(const image::image_info& info) {
  const auto document = metadata_of(info);
  const auto name = document.find("name");
  return name != document.end() && name->is_string() ? name->get<std::string>() : std::string();
}

nlohmann::json to_json(const image::image_info& info) {
  auto sources = nlohmann::json::array();
  for (const auto& s : info.sources) {
    sources.push_back({{"size", s.size},
                       {"logical_sector", s.logical_sector},
                       {"stored_bytes", s.stored_bytes},
                       {"zero_bytes", s.zero_bytes},
                       {"unallocated_bytes", s.unallocated_bytes},
                       {"unreadable_bytes", s.unreadable_bytes},
                       {"excluded_bytes", s.excluded_bytes}});
  }
  nlohmann::json out{{"id", to_hex(info.id.view())},
                     {"domain", to_hex(info.domain.view())},
                     {"created", utc_iso(info.created)},
                     {"block_size", info.block_size},
                     {"new_plain_bytes", info.new_plain_bytes},
                     {"new_stored_bytes", info.new_stored_bytes},
                     {"root", to_hex(info.root.view())},
                     {"sources", sources}};
  out["parent"] = info.parent.is_none() ? nlohmann::json() : nlohmann::json(to_hex(info.parent.view()));
  return out;
}

}  // namespace umbra::cli
