// SPDX-License-Identifier: GPL-3.0-or-later
// One source of an image as a read-only device: restore, verify, mount, NBD and export all read through this.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/image/image_reader.h"
#include "engine/io/device.h"

namespace umbra::image {

// What ranges are that could not be read when the image was taken.
enum class lost_bytes : std::uint8_t {
  zeros,  // as a restore leaves them
  error,  // errc::io_read, as on the disk itself: for whoever must not take zeros for the disk's
};

// `image` must outlive the device. Unallocated, zero and excluded ranges, and unreadable ones as `zeros`, read as zeros and are
// `zero` extents.
result<std::unique_ptr<io::device>> make_image_device(image_reader& image, std::size_t source,
                                                      lost_bytes lost = lost_bytes::zeros);

}  // namespace umbra::image
