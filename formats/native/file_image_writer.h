// SPDX-License-Identifier: GPL-3.0-or-later
// An image that is one pack with its own map and manifest.
#pragma once

#include "engine/store/store.h"
#include "formats/native/image_file.h"

namespace umbra::native {

// Takes `out` over. With a parent the new image joins its domain, and dedupes against the packs its chain holds.
result<std::unique_ptr<image::image_writer>> make_file_image_writer(std::unique_ptr<store::object_writer> out,
                                                                    const image_file_options& options, random_source& random);

}  // namespace umbra::native
