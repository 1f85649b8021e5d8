// SPDX-License-Identifier: GPL-3.0-or-later
// Reads any byte range of a device that wants aligned transfers. For parsers; block data goes the straight way.
#pragma once

#include "engine/base/buffer.h"
#include "engine/io/device.h"

namespace umbra::io {

// One thread uses a reader. The device must outlive it.
class unaligned_reader {
 public:
  explicit unaligned_reader(device& source) : source_(source), geometry_(source.geometry()) {}

  std::uint64_t size() const { return geometry_.size; }
  // Fills all of `out` or fails: errc::out_of_range if the range sticks out of the device, else the device's error.
  result<void> read(std::uint64_t offset, byte_span out);

 private:
  result<void> read_bounced(std::uint64_t offset, byte_span out);

  device& source_;
  device_geometry geometry_;
  buffer bounce_;
};

}  // namespace umbra::io
