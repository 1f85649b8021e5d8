// SPDX-License-Identifier: GPL-3.0-or-later
// Contents known to a single-file image: a table in memory of fixed largest size. When it is full, later contents are no longer
// entered (but those that are stay), so that what is found does not depend on timing.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "engine/flow/brief_mutex.h"
#include "engine/image/block.h"

namespace umbra::native {

// Safe from many threads.
class dedup_window {
 public:
  // Half a million contents: some 48 MiB when full, 28 GiB of distinct data in blocks of 56 KiB.
  explicit dedup_window(std::size_t entries_at_most = 512u << 10) : limit_(entries_at_most) {}

  std::optional<image::location> find(const content_id& id, std::uint32_t plain_size) const;
  void add(const content_id& id, std::uint32_t plain_size, const image::location& where);

 private:
  struct entry {
    std::uint64_t offset = 0;
    std::uint32_t stored_size = 0;
    std::uint32_t plain_size = 0;
    std::uint32_t pack = 0;  // index into packs_
  };
  struct first_bytes {
    std::size_t operator()(const content_id& id) const;
  };
  std::uint32_t pack_number(const image::pack_id& id);

  std::size_t limit_;
  // guarded by mutex_
  mutable flow::brief_mutex mutex_;
  std::unordered_map<content_id, entry, first_bytes> entries_;
  std::vector<image::pack_id> packs_;
};

}  // namespace umbra::native
