// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/pattern.h"

#include <algorithm>
#include <array>

namespace umbra::test {
namespace {

// splitmix64: one multiplication chain a word, so gigabytes of test data cost little.
class words {
 public:
  explicit words(std::uint64_t seed) : state_(seed * 0xd1342543de82ef95u + 0x2545f4914f6cdd1du) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

constexpr std::array<std::string_view, 32> vocabulary{
    "shadow ", "copy ",   "of ",    "the ",   "block ", "volume ", "writer ", "freeze ", "thaw ",    "and ",    "provider ",
    "image ",  "parent ", "full ",  "extent", "\n",     "vault ",  "pack ",   "map ",    "manifest", "commit ", "verify ",
    "prune, ", "source ", "disk. ", "cut ",   "0 ",     "1024 ",   "used ",   "free ",   "restore ", "a ",
};

void fill_words(std::uint64_t seed, byte_span out) {
  words source(seed);
  std::size_t at = 0;
  while (at < out.size()) {
    auto bits = source.next();
    for (int i = 0; i < 12 && at < out.size(); ++i, bits >>= 5) {
      const auto word = as_bytes(vocabulary[bits & 31]);
      const auto size = std::min(word.size(), out.size() - at);
      std::copy_n(word.begin(), size, out.begin() + static_cast<std::ptrdiff_t>(at));
      at += size;
    }
  }
}

}  // namespace

void fill_random(std::uint64_t seed, byte_span out) {
  words source(seed);
  for (std::size_t at = 0; at < out.size(); at += sizeof(std::uint64_t)) {
    auto word = source.next();
    const auto size = std::min(sizeof(word), out.size() - at);
    for (std::size_t i = 0; i < size; ++i, word >>= 8) out[at + i] = static_cast<std::byte>(word & 0xff);
  }
}

std::vector<std::byte> random_bytes(std::uint64_t seed, std::size_t size) {
  std::vector<std::byte> bytes(size);
  fill_random(seed, bytes);
  return bytes;
}

std::vector<std::byte> compressible_bytes(std::uint64_t seed, std::size_t size) {
  std::vector<std::byte> bytes(size);
  fill_words(seed, bytes);
  return bytes;
}

std::vector<std::byte> mixed_bytes(std::uint64_t seed, std::size_t size) {
  constexpr std::size_t run = 4096;
  std::vector<std::byte> bytes(size);
  words source(seed);
  for (std::size_t at = 0; at < size; at += run) {
    const auto out = byte_span(bytes).subspan(at, std::min(run, size - at));
    const auto run_seed = source.next();
    switch (source.next() % 3) {
      case 0: break;  // stays zero
      case 1: fill_random(run_seed, out); break;
      default: fill_words(run_seed, out); break;
    }
  }
  return bytes;
}

std::vector<std::byte> zero_bytes(std::size_t size) { return std::vector<std::byte>(size); }

std::vector<std::byte> text_bytes(std::string_view text) {
  const auto view = as_bytes(text);
  return {view.begin(), view.end()};
}

}  // namespace umbra::test
