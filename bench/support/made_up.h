// SPDX-License-Identifier: GPL-3.0-or-later
// What is too large to be had: a vault of many machines, a disk of many tebibytes.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"

namespace umbra::bench {

// A vault at `folder`, made now, with one image and `records` contents that nothing else has: what many machines leave in its
// index, without their bytes. Records stand for 64 KiB each and store 16 bytes that do not decode: not a vault to restore from.
result<void> fill_vault(const std::string& folder, std::uint64_t records);

// A sparse file of `size` bytes with a page of data every `step`, no two the same. What lay at `path` is replaced.
result<void> spread_file(const std::string& path, std::uint64_t size, std::uint64_t step);

}  // namespace umbra::bench
