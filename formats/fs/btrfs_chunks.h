// SPDX-License-Identifier: GPL-3.0-or-later
// Where the logical addresses of Btrfs lie on its one device: chunks of one copy, or of two (DUP).
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/block/extent.h"
#include "formats/fs/btrfs_superblock.h"

namespace umbra::fs {

struct btrfs_chunk {
  std::uint64_t logical = 0;
  std::uint64_t size = 0;
  std::uint64_t type = 0;
  std::array<std::uint64_t, 2> places{};  // of the device
  std::uint8_t copies = 0;

  std::uint64_t end() const { return logical + size; }
  bool operator==(const btrfs_chunk&) const = default;
};

// A chunk item that begins at `logical`; several devices and striped profiles are an error, as is what sticks out of the device.
result<btrfs_chunk> decode_chunk(std::uint64_t logical, byte_view item, const btrfs_geometry& geometry);

// The chunks that the superblock itself holds, so that the chunk tree can be found.
result<std::vector<btrfs_chunk>> system_chunks(const btrfs_superblock& super, const btrfs_geometry& geometry);

// Immutable; chunks are sorted by logical address and overlap neither there nor on the device.
class btrfs_chunks {
 public:
  btrfs_chunks() = default;
  static result<btrfs_chunks> make(std::vector<btrfs_chunk> chunks);

  std::span<const btrfs_chunk> all() const { return chunks_; }
  // The chunk that holds all of [logical, logical + size), or null.
  const btrfs_chunk* find(std::uint64_t logical, std::uint64_t size) const;

 private:
  std::vector<btrfs_chunk> chunks_;
};

}  // namespace umbra::fs
