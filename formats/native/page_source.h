// SPDX-License-Identifier: GPL-3.0-or-later
// Reads map pages out of packs and proves them.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "formats/native/map_page.h"
#include "formats/native/pack_reader.h"

namespace umbra::native {

// Safe from many threads: each read borrows a decoder and its memory from a small store of them.
class page_source {
 public:
  // Both must outlive it.
  page_source(pack_source& packs, const content_hasher& hasher) : packs_(packs), hasher_(hasher) {}

  // The plain bytes of page `p`, whose hash is p.id. `type` is leaf or node. Errors name the pack and offset.
  result<std::vector<std::byte>> read(const page_pointer& p, record_type type);

 private:
  struct tools {
    codec::decoder decoder;
    std::vector<std::byte> scratch;
  };
  std::unique_ptr<tools> borrow();
  void give_back(std::unique_ptr<tools> t);

  pack_source& packs_;
  const content_hasher& hasher_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<tools>> idle_;  // guarded by mutex_
};

}  // namespace umbra::native
