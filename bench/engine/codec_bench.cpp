// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes a second are those of the plain block; `ratio` is stored / plain, 1 where the block stays raw.
#include "engine/codec/codec.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/support/block_data.h"

namespace umbra::bench {
namespace {

void encode(benchmark::State& state, codec::encoder_options options, kind k, std::size_t size) {
  const auto plain = block_of(k, size);
  std::vector<std::byte> out(size);
  const auto enc = std::move(codec::make_encoder(options)).value();
  std::size_t stored = 0;
  for (auto _ : state) benchmark::DoNotOptimize(stored = enc->encode(plain, out));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
  state.counters["ratio"] = stored == 0 ? 1.0 : static_cast<double>(stored) / static_cast<double>(size);
}

void decode(benchmark::State& state, codec::codec_id id, std::size_t size) {
  auto plain = block_of(kind::text, size);
  std::vector<std::byte> stored(size);
  stored.resize(std::move(codec::make_encoder({id, 0, 1})).value()->encode(plain, stored));
  codec::decoder dec;
  for (auto _ : state) {
    if (dec.decode(id, stored, plain).has_error()) state.SkipWithError("does not decode");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

// Registration at start-up is how Google Benchmark takes lists that are computed.
const bool registered = [] {
  const codec::encoder_options all[] = {
      {codec::codec_id::lz4, 0, 1}, {codec::codec_id::lz4, 9, 1}, {codec::codec_id::zstd, 1, 1}, {codec::codec_id::zstd, 3, 1}};
  for (const auto& options : all) {
    for (const auto k : kinds) {
      for (const auto size : sizes) {
        const auto name = fmt::format("encode_{}_{}/{}/{}", codec::name_of(options.id), options.level, name_of(k), size);
        benchmark::RegisterBenchmark(name.c_str(), encode, options, k, size);
      }
    }
  }
  for (const auto id : {codec::codec_id::lz4, codec::codec_id::zstd}) {
    for (const auto size : sizes) {
      benchmark::RegisterBenchmark(fmt::format("decode_{}/text/{}", codec::name_of(id), size).c_str(), decode, id, size);
    }
  }
  return true;
}();

}  // namespace
}  // namespace umbra::bench
