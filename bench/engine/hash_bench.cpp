// SPDX-License-Identifier: GPL-3.0-or-later
// Hashes do not care what the bytes are: random only.
#include "engine/block/hash.h"

#include <benchmark/benchmark.h>
#include <xxhash.h>

#include "bench/support/block_data.h"
#include "engine/base/random.h"
#include "engine/block/crc32c.h"

namespace umbra::bench {
namespace {

template <class Hash>
void run(benchmark::State& state, Hash&& hash) {
  const auto block = block_of(kind::random, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(hash(byte_view(block)));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void change_hash(benchmark::State& state) { run(state, change_hasher(seeded_random(1)->make<change_secret>())); }
BENCHMARK(change_hash)->Arg(4096)->Arg(65536)->Arg(1 << 20);

// The floor: the same function without run-time dispatch.
void change_hash_plain_library(benchmark::State& state) {
  const auto secret = seeded_random(1)->make<change_secret>();
  run(state, [&](byte_view bytes) {
    return XXH3_128bits_withSecret(bytes.data(), bytes.size(), secret.bytes.data(), secret.bytes.size()).low64;
  });
}
BENCHMARK(change_hash_plain_library)->Arg(4096)->Arg(65536)->Arg(1 << 20);

void content_id_keyed_blake3(benchmark::State& state) { run(state, content_hasher(seeded_random(2)->make<content_key>())); }
BENCHMARK(content_id_keyed_blake3)->Arg(4096)->Arg(65536)->Arg(1 << 20);

void checksum_xxh3_64(benchmark::State& state) {
  run(state, [](byte_view bytes) { return checksum(bytes); });
}
BENCHMARK(checksum_xxh3_64)->Arg(4096)->Arg(65536)->Arg(1 << 20);

void crc32c_of_header(benchmark::State& state) {
  run(state, [](byte_view bytes) { return crc32c(bytes); });
}
BENCHMARK(crc32c_of_header)->Arg(64)->Arg(4096)->Arg(65536);

void crc32c_portable(benchmark::State& state) {
  run(state, [](byte_view bytes) { return crc::update_portable(~0U, bytes); });
}
BENCHMARK(crc32c_portable)->Arg(64)->Arg(4096);

}  // namespace
}  // namespace umbra::bench
