// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <random>

#include "engine/base/units.h"
#include "engine/io/memory_device.h"
#include "engine/jobs/stage_bench.h"

namespace umbra::jobs {
namespace {

void fill_random(byte_span out, std::mt19937_64& random) {
  for (std::size_t i = 0; i < out.size(); i += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(&out[i], &word, std::min(sizeof(word), out.size() - i));
  }
}

// Words of a small vocabulary, so that LZ4 gets about two to one.
void fill_text(byte_span out, std::mt19937_64& random) {
  std::size_t i = 0;
  while (i < out.size()) {
    const auto word = random() % 4096;
    const auto length = std::min<std::size_t>(3 + word % 7, out.size() - i);
    for (std::size_t k = 0; k < length; ++k) out[i + k] = static_cast<std::byte>('a' + (word * 31 + k * k * 7) % 26);
    i += length;
    if (i < out.size()) out[i++] = std::byte{' '};
  }
}

}  // namespace

std::unique_ptr<io::device> make_bench_device(std::uint64_t size, std::uint64_t seed) {
  auto device = std::make_unique<io::memory_device>(size);
  std::mt19937_64 random(seed);
  auto rest = device->contents();
  while (!rest.empty()) {
    const auto run = std::min<std::size_t>(rest.size(), (1 + random() % 128) * 4_KiB);
    const auto kind = random() % 4;
    if (kind == 1) fill_random(rest.first(run), random);
    if (kind >= 2) fill_text(rest.first(run), random);
    rest = rest.subspan(run);
  }
  return device;
}

}  // namespace umbra::jobs
