// SPDX-License-Identifier: GPL-3.0-or-later
// Blocks for the micro benches: the same bytes in every run.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace umbra::bench {

enum class kind { zero, text, random };

inline const char* name_of(kind k) { return k == kind::zero ? "zero" : k == kind::text ? "text" : "random"; }

// `text` is words of a small vocabulary with numbers between: LZ4 halves it.
inline std::vector<std::byte> block_of(kind k, std::size_t size, unsigned seed = 1) {
  std::vector<std::byte> block(size);
  std::mt19937_64 source(seed);
  if (k == kind::random) {
    for (auto& b : block) b = static_cast<std::byte>(source());
  } else if (k == kind::text) {
    static constexpr const char* words[] = {"shadow ", "copy ",   "writer ", "freeze ", "the ",    "block ", "of ",     "volume ",
                                            "vault ",  "commit ", "image ",  "is ",     "parent ", "cut\n",  "extent ", "and "};
    for (std::size_t at = 0; at < size;) {
      const auto pick = source();
      if (pick % 4 == 0) block[at++] = static_cast<std::byte>('0' + pick / 16 % 10);
      for (const char* c = words[pick / 256 % 16]; *c != 0 && at < size; ++c) block[at++] = static_cast<std::byte>(*c);
    }
  }
  return block;
}

// The sizes every bench runs at.
inline constexpr std::size_t sizes[] = {4096, 65536, 1048576};
inline constexpr kind kinds[] = {kind::zero, kind::text, kind::random};

}  // namespace umbra::bench
