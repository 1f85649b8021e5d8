// SPDX-License-Identifier: GPL-3.0-or-later
// A device in memory: tests, benches, demonstrations.
#pragma once

#include <vector>

#include "engine/io/device.h"

namespace umbra::io {

class memory_device final : public device {
 public:
  explicit memory_device(std::uint64_t size) : bytes_(size) {}
  explicit memory_device(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

  std::string name() const override { return "memory"; }
  device_geometry geometry() const override;
  result<void> read(std::uint64_t offset, byte_span out) override;
  result<void> write(std::uint64_t offset, byte_view in) override;
  result<void> zero(std::uint64_t offset, std::uint64_t size, zero_mode mode) override;
  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override;
  result<void> flush() override { return success(); }

  byte_span contents() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace umbra::io
