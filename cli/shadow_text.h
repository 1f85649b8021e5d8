// SPDX-License-Identifier: GPL-3.0-or-later
// Shadow copies, providers, writers and their storage in words and in JSON.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/shadow/backup_components.h"

namespace umbra::cli {

nlohmann::json to_json(const shadow::snapshot_prop& copy);
nlohmann::json to_json(const shadow::provider_prop& provider);
nlohmann::json to_json(const shadow::diff_area_prop& area);
nlohmann::json to_json(const shadow::writer_status& writer);

// One line: id, time, volume, where it is exposed.
std::string describe_copy(const shadow::snapshot_prop& copy);
// Every property, one a line.
std::string describe_fully(const shadow::snapshot_prop& copy);
std::string describe_writer(const shadow::writer_status& writer);

// How an image's volumes were copied: what backup_shadow::describe() wrote, in lines as `umbra info` and `umbra backup` show
// them. An image's manifest may hold anything: what is not as expected is left out.
std::string describe_origin(const nlohmann::json& description);

}  // namespace umbra::cli
