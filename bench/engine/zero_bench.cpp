// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/block/zero.h"

#include <benchmark/benchmark.h>

#include "bench/support/block_data.h"

namespace umbra::bench {
namespace {

void finish(benchmark::State& state) { state.SetBytesProcessed(state.iterations() * state.range(0)); }

// The dear case: every byte must be looked at.
void zero_of_zeros(benchmark::State& state) {
  const auto block = block_of(kind::zero, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(is_zero(block));
  finish(state);
}
BENCHMARK(zero_of_zeros)->Arg(512)->Arg(4096)->Arg(65536)->Arg(1 << 20);

// One byte in the middle: half the work.
void zero_of_sparse_block(benchmark::State& state) {
  auto block = block_of(kind::zero, static_cast<std::size_t>(state.range(0)));
  block[block.size() / 2] = std::byte{1};
  for (auto _ : state) benchmark::DoNotOptimize(is_zero(block));
  finish(state);
}
BENCHMARK(zero_of_sparse_block)->Arg(4096)->Arg(65536)->Arg(1 << 20);

// The common case: data, left at the first step. Time is what counts here.
void zero_of_data(benchmark::State& state) {
  const auto block = block_of(kind::random, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(is_zero(block));
}
BENCHMARK(zero_of_data)->Arg(65536);

}  // namespace
}  // namespace umbra::bench
