// SPDX-License-Identifier: GPL-3.0-or-later
// Maps: what a leaf costs to write and read, what a walk over all regions costs from pages in memory, and an empty pebibyte.
#include <benchmark/benchmark.h>

#include "engine/base/units.h"
#include "engine/store/store.h"
#include "formats/native/map_reader.h"
#include "formats/native/map_writer.h"

namespace {

using namespace umbra;
using namespace umbra::native;

const content_hasher hasher{content_key{}};

image::pack_id bench_pack() {
  image::pack_id id;
  id.session.bytes.fill(std::byte{1});
  return id;
}

// A region full of stored blocks of `block_size`.
image::region full_region(std::uint64_t index, std::uint64_t block_size) {
  image::region r;
  r.index = index;
  r.size = image::region_size;
  for (std::uint64_t at = 0; at < r.size; at += block_size) {
    image::block b;
    b.offset = r.offset() + at;
    b.size = block_size;
    b.state = image::block_state::stored;
    b.where = {bench_pack(), page_size + at, static_cast<std::uint32_t>(block_size / 2)};
    b.id.bytes.fill(static_cast<std::byte>(at / block_size));
    r.blocks.push_back(b);
  }
  return r;
}

void encode_leaf_of(benchmark::State& state) {
  const image::region r = full_region(1, static_cast<std::uint64_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(encode_leaf(r));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(r.blocks.size()));
}
BENCHMARK(encode_leaf_of)->Arg(4096)->Arg(65536);

void decode_leaf_of(benchmark::State& state) {
  const image::region r = full_region(1, static_cast<std::uint64_t>(state.range(0)));
  const auto bytes = encode_leaf(r);
  for (auto _ : state) {
    const auto back = decode_leaf(bytes, r.index, r.size);
    if (!back) return state.SkipWithError("leaf does not decode");
    benchmark::DoNotOptimize(back.value().blocks.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(r.blocks.size()));
}
BENCHMARK(decode_leaf_of)->Arg(4096)->Arg(65536);

class one_pack final : public pack_source {
 public:
  explicit one_pack(std::shared_ptr<const pack_reader> reader) : reader_(std::move(reader)) {}
  result<std::shared_ptr<const pack_reader>> pack(const image::pack_id&) override { return reader_; }

 private:
  std::shared_ptr<const pack_reader> reader_;
};

// A map of full regions in a pack in memory.
struct written_map {
  map_root root;
  std::shared_ptr<const pack_reader> pack;
};

result<written_map> write_map(store::store& objects, std::uint64_t regions) {
  superblock_info super;
  super.pack = bench_pack();
  super.domain.id.bytes.fill(std::byte{1});
  TRY(auto out, objects.create("pack"));
  TRY(auto pack, pack_writer::start(std::move(out), super, hasher));
  map_writer w(regions * image::region_size, hasher, [&](const record& r) { return pack->append(r); });
  for (std::uint64_t i = 0; i < regions; ++i) CHECK(w.put(full_region(i, 65536)));
  TRY(const map_root root, w.finish());
  CHECK(pack->finish());
  TRY(auto file, objects.open("pack"));
  TRY(auto reader, pack_reader::open(std::move(file), "pack", super.pack));
  return written_map{root, std::move(reader)};
}

void walk_regions(benchmark::State& state) {
  constexpr std::uint64_t regions = 512;
  const auto objects = store::make_memory_store();
  auto map = write_map(*objects, regions);
  if (!map) return state.SkipWithError("map cannot be written");
  one_pack packs(map.value().pack);
  for (auto _ : state) {
    map_reader reader(regions * image::region_size, map.value().root, packs, hasher);
    for (std::uint64_t i = 0; i < regions; ++i)
      if (!reader.region_at(i)) return state.SkipWithError("region cannot be read");
  }
  // Bytes of the source that were walked over.
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(regions * image::region_size));
}
BENCHMARK(walk_regions)->Unit(benchmark::kMillisecond);

void write_empty_pebibyte(benchmark::State& state) {
  constexpr std::uint64_t size = std::uint64_t{1} << 50;
  for (auto _ : state) {
    map_writer w(size, hasher,
                 [](const record&) -> result<image::location> { return error(errc::internal, "no page expected"); });
    if (!w.put_uniform(0, size / image::region_size, image::block_state::zero) || !w.finish())
      return state.SkipWithError("map cannot be written");
  }
}
BENCHMARK(write_empty_pebibyte);

}  // namespace
