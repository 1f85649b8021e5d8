// SPDX-License-Identifier: GPL-3.0-or-later
// Walks one source's map: nodes stay in memory once read (2 MiB per TiB), leaves in a small cache.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "engine/image/image_reader.h"
#include "formats/native/map_page.h"
#include "formats/native/pack_reader.h"

namespace umbra::native {

// Safe from many threads; no lock is held while a page is read. A page is believed only if its bytes have the content id that its
// parent (or the manifest) gives, and if it says of itself what its place demands: so levels fall, and no page leads back up.
class map_reader {
 public:
  // `hasher` (of the image's domain) and `packs` must outlive it. A leaf with a stored block larger than `largest_block` is
  // damaged: whoever reads blocks relies on the image's block size.
  map_reader(std::uint64_t source_size, const map_root& root, pack_source& packs, const content_hasher& hasher,
             std::uint32_t largest_block = max_block_size);
  ~map_reader();

  // The leaf of region `index`, or its uniform state as a region of one block. errc::out_of_range behind the source's end.
  result<image::region_ptr> region_at(std::uint64_t index);
  // What the map says of region `index` without reading its leaf.
  result<page_pointer> pointer_at(std::uint64_t index);
  // See image_reader::uniform_at. Reads no more pages than pointer_at(index).
  result<image::image_reader::uniform_run> uniform_at(std::uint64_t index);
  // The node at `level` that covers region `index`, if that place is a page.
  result<std::optional<page_pointer>> node_pointer(std::uint8_t level, std::uint64_t index);
  // Every page once, parents before children; nodes as pointers with their level (0: leaf). For verify. Ends with the first error
  // of `visit`, or of a node that cannot be read (after it was visited).
  result<void> for_each_page(
      const std::function<result<void>(std::uint8_t level, std::uint64_t first_region, const page_pointer&)>& visit);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace umbra::native
