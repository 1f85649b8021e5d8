// SPDX-License-Identifier: GPL-3.0-or-later
// Packs of a vault by name, the recently used ones kept open.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>

#include "engine/store/store.h"
#include "formats/native/pack_reader.h"

namespace umbra::native {

class pack_cache final : public pack_source {
 public:
  // `store` must outlive it. At most `open_at_most` packs stay open when nobody uses them: descriptors are few.
  explicit pack_cache(store::store& store, std::size_t open_at_most = 256) : store_(store), limit_(open_at_most) {}
  result<std::shared_ptr<const pack_reader>> pack(const image::pack_id& id) override;

 private:
  struct entry {
    image::pack_id id;
    std::shared_ptr<const pack_reader> reader;
  };
  store::store& store_;
  std::size_t limit_;
  // guarded by mutex_
  std::mutex mutex_;
  std::list<entry> recent_;  // newest first
  std::map<image::pack_id, std::list<entry>::iterator> by_id_;
};

}  // namespace umbra::native
