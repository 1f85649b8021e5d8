// SPDX-License-Identifier: GPL-3.0-or-later
// Images as text and JSON.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/base/result.h"
#include "engine/image/image_info.h"

namespace umbra::cli {

// errc::usage if the image has no source of that number.
result<void> check_source_number(std::size_t number, const image::image_info& info);
std::uint64_t source_bytes(const image::image_info& info);
nlohmann::json to_json(const image::image_info& info);
// The metadata as an object; an empty one if it is none.
nlohmann::json metadata_of(const image::image_info& info);
// Member "name" of the metadata.
std::string image_label(const image::image_info& info);

}  // namespace umbra::cli
