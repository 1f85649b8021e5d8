// SPDX-License-Identifier: GPL-3.0-or-later
// The four hashes of Umbra and what each may decide.
//   change_hash  XXH3-128 with a secret: "did the block at this place change?" Never says two blocks are equal.
//   content_id   keyed BLAKE3-256: identity of a block's bytes; the only hash that lets blocks share a record.
//   checksum     XXH3-64 of stored bytes: finds damage, without any key.
//   seal         plain BLAKE3-256 of a small structure.
// and crc32c for record headers. All objects are immutable after construction and safe from many threads.
#pragma once

#include <array>
#include <cstdint>

#include "engine/base/bytes.h"

namespace umbra {

using change_hash = opaque_id<16, struct change_hash_tag>;
using content_id = opaque_id<32, struct content_id_tag>;
using seal = opaque_id<32, struct seal_tag>;

// XXH3 takes a secret of at least 136 bytes; ours is 192 like the library's default.
using change_secret = opaque_id<192, struct change_secret_tag>;
using content_key = opaque_id<32, struct content_key_tag>;

// Canonical (big-endian) form of XXH3_128bits_withSecret.
class change_hasher {
 public:
  explicit change_hasher(const change_secret& secret) : secret_(secret) {}
  change_hash operator()(byte_view bytes) const noexcept;

 private:
  change_secret secret_;
};

// BLAKE3 keyed_hash, 32 bytes of output.
class content_hasher {
 public:
  explicit content_hasher(const content_key& key) : key_(key) {}
  content_id operator()(byte_view bytes) const noexcept;

 private:
  content_key key_;
};

// XXH3_64bits, seed 0.
std::uint64_t checksum(byte_view bytes) noexcept;
// XXH3_64bits with a seed: binds bytes to a place.
std::uint64_t checksum(byte_view bytes, std::uint64_t seed) noexcept;
// BLAKE3 without key.
seal seal_of(byte_view bytes) noexcept;
// CRC-32C (Castagnoli, reflected, initial and final xor 0xffffffff) of a ‖ b.
std::uint32_t crc32c(byte_view a, byte_view b = {}) noexcept;

}  // namespace umbra
