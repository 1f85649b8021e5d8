// SPDX-License-Identifier: GPL-3.0-or-later
// What the pipeline costs a block besides its work: items a second through pool and sequencer.
#include "engine/flow/sequencer.h"

#include <benchmark/benchmark.h>

#include <atomic>

#include "engine/flow/buffer_pool.h"
#include "engine/flow/crew.h"

namespace umbra::bench {
namespace {

struct item {
  std::uint64_t n = 0;
  flow::buffer_pool::lease memory;
};

void pool_take_and_give_back(benchmark::State& state) {
  flow::buffer_pool pool(8, 4096);
  for (auto _ : state) benchmark::DoNotOptimize(pool.take({}));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(pool_take_and_give_back);

void sequencer_in_order(benchmark::State& state) {
  std::uint64_t sum = 0;
  flow::sequencer<std::uint64_t> line([&](std::uint64_t n) -> result<void> {
    sum += n;
    return success();
  });
  std::uint64_t n = 0;
  for (auto _ : state) {
    if (line.deliver(n, n).has_error()) state.SkipWithError("refused");
    ++n;
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(sequencer_in_order);

// A whole crew: take a buffer, take a number, deliver.
void crew_through_sequencer(benchmark::State& state) {
  constexpr std::uint64_t count = 20000;
  for (auto _ : state) {
    flow::buffer_pool pool(16, 4096);
    flow::sequencer<item> line([](const item&) -> result<void> { return success(); });
    std::mutex dealing;
    std::uint64_t dealt = 0;
    const auto done =
        flow::run_crew(static_cast<unsigned>(state.range(0)), {}, [&](unsigned, const std::stop_token& stop) -> result<void> {
          while (true) {
            item it;
            {
              const std::scoped_lock lock(dealing);
              if (dealt == count) return success();
              it.memory = pool.take(stop);
              it.n = dealt++;
            }
            const auto n = it.n;
            CHECK(line.deliver(n, std::move(it)));
          }
        });
    if (done.has_error()) state.SkipWithError("failed");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}
BENCHMARK(crew_through_sequencer)->Arg(1)->Arg(2)->Arg(4)->UseRealTime();

}  // namespace
}  // namespace umbra::bench
