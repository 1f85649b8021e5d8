// SPDX-License-Identifier: GPL-3.0-or-later
// What of a source could not be read when the image was taken.
#pragma once

#include "engine/base/result.h"
#include "engine/image/image_reader.h"

namespace umbra::image {

// Normalised; the first `limit` of them if there are more. Where the source counts no such bytes, its map is not gone through.
result<range_list> unreadable_ranges(image_reader& image, std::size_t source, std::size_t limit);

}  // namespace umbra::image
