// SPDX-License-Identifier: GPL-3.0-or-later
// Images as text and JSON.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/image/image_info.h"

namespace umbra::cli {

std::uint64_t source_bytes(const image::image_info& info);
nlohmann::json to_json(const image::image_info& info);
// The metadata as an object; an empty one if it is none.
nlohmann::json metadata_of(const image::image_info& info);
// Member "name" of the metadata.
std::string image_label(const image::image_info& info);

}  // namespace umbra::cli
