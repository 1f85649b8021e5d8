// SPDX-License-Identifier: GPL-3.0-or-later
// XXH3 through the library's run-time dispatch where it has one: the plain calls are compiled for the oldest CPU a
// distribution supports and run at half the speed.
#include "engine/block/hash.h"

#include <blake3.h>
#include <xxhash.h>

#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>  // renames the XXH3 calls below to their dispatched forms
#endif

namespace umbra {
namespace {

template <class Id>
Id finish(const blake3_hasher& hasher) {
  Id id;
  blake3_hasher_finalize(&hasher, reinterpret_cast<std::uint8_t*>(id.bytes.data()), id.bytes.size());
  return id;
}

}  // namespace

change_hash change_hasher::operator()(byte_view bytes) const noexcept {
  const auto hash = XXH3_128bits_withSecret(bytes.data(), bytes.size(), secret_.bytes.data(), secret_.bytes.size());
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  return read_struct<change_hash>(bytes_of(canonical));
}

content_id content_hasher::operator()(byte_view bytes) const noexcept {
  blake3_hasher hasher;
  blake3_hasher_init_keyed(&hasher, reinterpret_cast<const std::uint8_t*>(key_.bytes.data()));
  blake3_hasher_update(&hasher, bytes.data(), bytes.size());
  return finish<content_id>(hasher);
}

std::uint64_t checksum(byte_view bytes) noexcept { return XXH3_64bits(bytes.data(), bytes.size()); }

std::uint64_t checksum(byte_view bytes, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

seal seal_of(byte_view bytes) noexcept {
  blake3_hasher hasher;
  blake3_hasher_init(&hasher);
  blake3_hasher_update(&hasher, bytes.data(), bytes.size());
  return finish<seal>(hasher);
}

}  // namespace umbra
