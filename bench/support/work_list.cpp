// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/support/work_list.h"

#include <algorithm>

#include "engine/image/block.h"
#include "engine/plan/cuts.h"

namespace umbra::bench {
namespace {

result<range_list> data_of(io::device& disk, const range_list& used) {
  range_list data;
  for (const auto& r : used) {
    TRY(const auto extents, disk.extents(r.offset, r.size));
    for (const auto& e : extents) {
      if (e.kind == extent_kind::data) data.push_back({e.offset, e.size});
    }
  }
  normalise(data);
  return data;
}

void add_block(work_list& list, range block) {
  const bool joins = !list.chunks.empty() && list.chunks.back().where.end() == block.offset &&
                     list.chunks.back().where.size + block.size <= chunk_size;
  if (!joins) list.chunks.push_back({{block.offset, 0}, list.blocks.size(), 0});
  auto& chunk = list.chunks.back();
  chunk.where.size += block.size;
  ++chunk.count;
  list.blocks.push_back(block);
  list.bytes += block.size;
}

}  // namespace

result<work_list> make_work_list(io::device& disk, const plan::allocation& allocation, std::uint32_t block_size) {
  TRY(const auto data, data_of(disk, allocation.used));
  work_list list;
  for (const auto& r : data) {
    for (auto at = r.offset; at < r.end();) {
      const auto region_end = (at / image::region_size + 1) * image::region_size;
      const range inside{at, std::min(region_end, r.end()) - at};
      for (const auto& block : plan::cut(inside, allocation.files, block_size)) add_block(list, block);
      at = inside.end();
    }
  }
  return list;
}

}  // namespace umbra::bench
