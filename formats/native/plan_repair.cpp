// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/plan_repair.h"

#include "engine/base/units.h"

namespace umbra::native {
namespace {

class repairer {
 public:
  repairer(stored_image& candidate, const std::set<image::pack_id>& lost, const append_record& append)
      : candidate_(candidate), lost_(lost), append_(append) {}

  result<void> source(std::size_t number, map_assembly& maps) {
    const auto& info = candidate_.info().sources[number];
    CHECK(maps.begin_source(info));
    const auto regions = div_up(info.size, image::region_size);
    for (std::uint64_t i = 0; i < regions;) {
      TRY(const auto run, candidate_.uniform_at(number, i));
      if (run.count > 0) {
        CHECK(maps.put_uniform(i, run.count, run.state));
        i += run.count;
        continue;
      }
      CHECK(region(number, i, maps));
      ++i;
    }
    return maps.end_source(info);
  }

 private:
  result<void> region(std::size_t number, std::uint64_t index, map_assembly& maps) {
    TRY(const auto page, candidate_.map(number).pointer_at(index));
    TRY(const auto known, candidate_.region_at(number, index));
    image::region r = *known;
    bool moved = lost_.contains(page.where.pack);
    for (auto& b : r.blocks) {
      if (b.state != image::block_state::stored || !lost_.contains(b.where.pack)) continue;
      CHECK(store_again(b));
      moved = true;
    }
    return moved ? maps.put_region(r) : maps.keep_region(index);
  }

  result<void> store_again(image::block& b) {
    if (const auto done = moved_.find(b.id); done != moved_.end()) {
      b.where = done->second;
      return success();
    }
    plain_.resize(b.size);
    CHECK(candidate_.fetch(b, plain_, true));
    // Stored raw: rare, and a later merge may compress it.
    const record r{record_type::data, b.id, static_cast<std::uint32_t>(b.size), codec::codec_id::none, checksum(plain_), plain_};
    TRY(b.where, append_(r));
    moved_[b.id] = b.where;
    return success();
  }

  stored_image& candidate_;
  const std::set<image::pack_id>& lost_;
  const append_record& append_;
  std::vector<std::byte> plain_;
  std::map<content_id, image::location> moved_;
};

}  // namespace

result<map_assembly> repair_maps(stored_image& candidate, const std::set<image::pack_id>& lost, const content_hasher& hasher,
                                 const append_record& append) {
  map_assembly maps(hasher, append, &candidate, &lost);
  repairer repair(candidate, lost, append);
  for (std::size_t i = 0; i < candidate.info().sources.size(); ++i) CHECK(repair.source(i, maps));
  return maps;
}

}  // namespace umbra::native
