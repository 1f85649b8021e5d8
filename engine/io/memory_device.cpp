// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/memory_device.h"

#include <algorithm>

#include "engine/io/bounds.h"

namespace umbra::io {

device_geometry memory_device::geometry() const {
  device_geometry geometry;
  geometry.size = bytes_.size();
  geometry.read_only = false;
  return geometry;
}

result<void> memory_device::read(std::uint64_t offset, byte_span out) {
  CHECK(check_bounds(*this, offset, out.size()));
  std::ranges::copy(byte_view(bytes_).subspan(offset, out.size()), out.begin());
  return success();
}

result<void> memory_device::write(std::uint64_t offset, byte_view in) {
  CHECK(check_bounds(*this, offset, in.size()));
  std::ranges::copy(in, byte_span(bytes_).subspan(offset).begin());
  return success();
}

result<void> memory_device::zero(std::uint64_t offset, std::uint64_t size, zero_mode) {
  CHECK(check_bounds(*this, offset, size));
  std::ranges::fill(byte_span(bytes_).subspan(offset, size), std::byte{0});
  return success();
}

result<extent_list> memory_device::extents(std::uint64_t offset, std::uint64_t size) {
  CHECK(check_bounds(*this, offset, size));
  if (size == 0) return extent_list{};
  return extent_list{{offset, size, extent_kind::data}};
}

}  // namespace umbra::io
