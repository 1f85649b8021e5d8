// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes for tests: the same seed and size give the same bytes on every machine, and a longer run starts with the shorter one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"

namespace umbra::test {

// Does not compress, never repeats.
std::vector<std::byte> random_bytes(std::uint64_t seed, std::size_t size);
// Words of a small vocabulary: compresses well, no two stretches of 4 KiB are alike.
std::vector<std::byte> compressible_bytes(std::uint64_t seed, std::size_t size);
// Runs of 4 KiB that are zero, random or words in equal shares.
std::vector<std::byte> mixed_bytes(std::uint64_t seed, std::size_t size);
std::vector<std::byte> zero_bytes(std::size_t size);
std::vector<std::byte> text_bytes(std::string_view text);

// random_bytes() into memory that is there already.
void fill_random(std::uint64_t seed, byte_span out);

}  // namespace umbra::test
