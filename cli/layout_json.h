// SPDX-License-Identifier: GPL-3.0-or-later
// The layout of a disk as JSON: docs/schemas/disk-layout.schema.json.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "formats/registry/disk_layout.h"

namespace umbra::cli {

nlohmann::json to_json(const registry::disk_layout& layout);

}  // namespace umbra::cli
