// SPDX-License-Identifier: GPL-3.0-or-later
// One source of an image as a read-only device: restore, verify, mount, NBD and export all read through this.
#pragma once

#include <memory>

#include "engine/image/image_reader.h"
#include "engine/io/device.h"

namespace umbra::image {

// `image` must outlive the device. Unallocated, zero, excluded and unreadable ranges read as zeros and are `zero` extents.
result<std::unique_ptr<io::device>> make_image_device(image_reader& image, std::size_t source);

}  // namespace umbra::image
