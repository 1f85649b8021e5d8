// SPDX-License-Identifier: GPL-3.0-or-later
// The four feature words, and who must stop at a bit that this build does not know.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "formats/native/layout.h"

namespace umbra::native {

// The words as numbers. What this build knows of each is in features.cpp; bits are allotted in docs/formats/native-v1.md.
struct features {
  std::uint64_t incompat = 0;
  std::uint64_t ro_compat = 0;
  std::uint64_t gc_incompat = 0;
  std::uint64_t compat = 0;
  bool operator==(const features&) const = default;
};

// What somebody is about to do; decides which unknown bits refuse it.
enum class intent : std::uint8_t { read, add, collect };

// errc::unknown_feature naming the bits: from the block's own name table, else from ours, else "incompat bit 17".
// read: incompat; add: also ro_compat; collect: also gc_incompat. compat never refuses.
result<void> check_features(const features& words, intent what, byte_view superblock_bytes = {});

// Writes the names of the bits that are set into a superblock's table, as many as it holds.
void name_features(const features& words, superblock& block);

}  // namespace umbra::native
