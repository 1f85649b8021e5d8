// SPDX-License-Identifier: GPL-3.0-or-later
// Lookups in the content index, by the number of entries in its run: 1 Mi entries stand for 64 GiB of blocks, 4 Mi for 256 GiB.
#include <benchmark/benchmark.h>

#include <map>

#include <boost/endian/conversion.hpp>

#include "formats/native/index_run_writer.h"

namespace {

using namespace umbra;
using namespace umbra::native;

// Ids in ascending order that are as even as hashes are: entry `n` of `count` has the leading number n * 2^64 / count.
content_id even_id(std::uint64_t n, std::uint64_t count) {
  const std::uint64_t leading = n * (~std::uint64_t{0} / count) + (n * 0x9e3779b97f4a7c15) % (~std::uint64_t{0} / count);
  content_id id;
  boost::endian::store_big_u64(reinterpret_cast<unsigned char*>(id.bytes.data()), leading);
  const auto rest = seal_of(byte_view(id.bytes).first(8));
  std::copy_n(rest.bytes.begin(), 24, id.bytes.begin() + 8);
  return id;
}

class even_entries final : public entry_stream {
 public:
  explicit even_entries(std::uint64_t count) : count_(count) {}
  void rewind() override { next_ = 0; }
  result<bool> next(run_entry& out) override {
    if (next_ == count_) return false;
    out = {even_id(next_, count_), page_size + 16 * next_, 4096, 65536, 0};
    ++next_;
    return true;
  }
  std::uint64_t at_most() const override { return count_; }

 private:
  std::uint64_t count_;
  std::uint64_t next_ = 0;
};

const index_run& run_of(std::uint64_t count) {
  static const auto store = store::make_memory_store();
  static std::map<std::uint64_t, std::shared_ptr<const index_run>> runs;
  auto& run = runs[count];
  if (!run) {
    even_entries entries(count);
    auto written = write_run(*store, {}, {{image::pack_id{}}, 0}, entries);
    if (written.has_value()) run = std::move(written).assume_value();
  }
  if (!run) std::abort();
  return *run;
}

std::vector<content_id> wanted(std::uint64_t count, bool hits) {
  std::vector<content_id> ids;
  std::uint64_t at = 12345;
  for (int i = 0; i < 4096; ++i) {
    at = at * 6364136223846793005 + 1442695040888963407;
    const std::uint64_t n = (at >> 20) % count;
    ids.push_back(hits ? even_id(n, count) : even_id(n, count + 1));
  }
  return ids;
}

void look_up(benchmark::State& state, bool hits) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  const auto& run = run_of(count);
  const auto ids = wanted(count, hits);
  std::size_t i = 0;
  for (auto step : state) {
    (void)step;
    benchmark::DoNotOptimize(run.find(ids[i++ % ids.size()]));
  }
  state.SetItemsProcessed(state.iterations());
}
void index_hit(benchmark::State& state) { look_up(state, true); }
void index_miss(benchmark::State& state) { look_up(state, false); }
BENCHMARK(index_hit)->Arg(1 << 20)->Arg(4 << 20);
BENCHMARK(index_miss)->Arg(1 << 20)->Arg(4 << 20);

}  // namespace
