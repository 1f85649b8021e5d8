// SPDX-License-Identifier: GPL-3.0-or-later
// Builds one source's map from its regions; leaves are appended as they come, nodes as soon as they are full. Where regions come
// in order, memory is one node a level; one that comes before its turn waits as a pointer.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "formats/native/map_page.h"
#include "formats/native/map_shape.h"
#include "formats/native/record.h"

namespace umbra::native {

using append_record = std::function<result<image::location>(const record&)>;

// One thread at a time. After an error the map must be given up. Calls that put a region twice, put one that is not whole, or
// leave one out are errc::internal.
class map_writer {
 public:
  // `hasher` must outlive it.
  map_writer(std::uint64_t source_size, const content_hasher& hasher, append_record append);

  // Regions in any order, each once. A region that is one state throughout, not stored, costs no page. `known` is an
  // existing leaf of the same content (the parent's) or a uniform state.
  result<void> put(const image::region& r);
  result<void> put(std::uint64_t index, const page_pointer& known);
  // `count` regions that share one uniform state; whole empty nodes cost nothing.
  result<void> put_uniform(std::uint64_t index, std::uint64_t count, image::block_state state);
  // The root, once all regions are put; the pages are appended by then. A node whose children are all the same uniform state
  // becomes uniform itself. A source of no bytes is uniform, unallocated.
  result<map_root> finish();

  // A page of the parent at (level, first_region), to be shared if a new page there turns out to have the same content: then
  // nothing is appended. Level 0 is a leaf. May be called at any time before that page closes; costs memory until then.
  void offer(std::uint8_t level, std::uint64_t first_region, const page_pointer& page);

  // All packs that pages written or kept here name, and those the pages themselves lie in. For kept leaves the caller adds what
  // they name.
  const std::set<image::pack_id>& packs() const { return packs_; }

 private:
  // `count` regions of one content; more than one only if it is a uniform state.
  struct run {
    std::uint64_t count = 1;
    page_pointer page;
  };
  result<void> expect(std::uint64_t index, std::uint64_t count) const;
  result<void> place(std::uint64_t index, const run& r);
  result<void> push(const run& r);
  result<void> push(std::uint8_t level, const page_pointer& page);
  result<page_pointer> close(std::uint8_t level);
  result<page_pointer> write(std::uint8_t level, std::uint64_t first_region, record_type type, byte_view bytes);

  map_shape shape_;
  const content_hasher& hasher_;
  append_record append_;
  std::vector<std::vector<page_pointer>> open_;  // by level - 1: children so far of the one open node
  std::uint64_t next_region_ = 0;
  std::map<std::uint64_t, run> early_;  // by first region: what came before its turn
  page_pointer root_;
  std::map<std::pair<std::uint8_t, std::uint64_t>, page_pointer> offers_;
  std::set<image::pack_id> packs_;
};

}  // namespace umbra::native
