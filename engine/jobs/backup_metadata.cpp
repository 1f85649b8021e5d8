// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/backup_metadata.h"

#include <nlohmann/json.hpp>

namespace umbra::jobs {

std::string complete_metadata(const std::string& metadata, const backup_report& report) {
  auto document = nlohmann::json::parse(metadata, nullptr, false);
  if (!document.is_object()) document = nlohmann::json::object();
  nlohmann::json faults = nlohmann::json::array();
  constexpr std::size_t listed = 100;  // the map knows all unreadable ranges; this is for people
  for (const auto& f : report.faults.faults()) {
    if (faults.size() == listed) break;
    faults.push_back({{"source", f.source}, {"offset", f.offset}, {"size", f.size}, {"text", f.text}});
  }
  document["result"] = {{"bytes_read", report.bytes_read},
                        {"unchanged_bytes", report.unchanged_bytes},
                        {"deduplicated_bytes", report.deduplicated_bytes},
                        {"new_bytes", report.new_bytes},
                        {"blocks", report.blocks},
                        {"audited_blocks", report.audited_blocks},
                        {"fault_count", report.faults.count()},
                        {"faults", faults}};
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace umbra::jobs
