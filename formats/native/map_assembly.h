// SPDX-License-Identifier: GPL-3.0-or-later
// The maps of an image in the making, one a source, sharing pages with the parent's.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "formats/native/manifest.h"
#include "formats/native/map_writer.h"
#include "formats/native/stored_image.h"

namespace umbra::native {

// One thread at a time. The calls and their order are those of image::image_writer.
class map_assembly {
 public:
  // `hasher`, and `parent` if there is one, must outlive it.
  // Pages that lie in one of `avoid` (must outlive it too) are not shared.
  map_assembly(const content_hasher& hasher, append_record append, stored_image* parent,
               const std::set<image::pack_id>* avoid = nullptr);

  result<void> begin_source(const image::source_info& source);
  result<void> select_source(std::size_t source);
  result<void> put_region(const image::region& r);
  result<void> keep_region(std::uint64_t index);
  result<void> put_uniform(std::uint64_t index, std::uint64_t count, image::block_state state);
  result<void> end_source(const image::source_info& source);

  // After the last end_source(): sources, roots, and every pack that blocks and pages lie in (sizes left 0).
  void describe(manifest& m) const;

 private:
  // A source that is begun and not ended.
  struct open_source {
    open_source(std::uint64_t size, const content_hasher& hasher, const append_record& append)
        : map(size, hasher, append), offered(level_for(size)) {}
    map_writer map;
    std::vector<std::optional<std::uint64_t>> offered;  // by level - 1: first region of the node last offered
  };
  result<open_source*> selected();
  result<void> offer_parent_nodes(open_source& open, std::uint64_t index);

  const content_hasher& hasher_;
  append_record append_;
  stored_image* parent_;
  const std::set<image::pack_id>* avoid_;
  std::vector<std::unique_ptr<open_source>> open_;  // by source; null once ended
  std::size_t selected_ = 0;
  std::vector<image::source_info> sources_;
  std::vector<map_root> roots_;
  std::set<image::pack_id> packs_;
};

}  // namespace umbra::native
