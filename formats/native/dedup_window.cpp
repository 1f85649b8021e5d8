// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/dedup_window.h"

#include <algorithm>
#include <mutex>

namespace umbra::native {

// The ids are uniform already.
std::size_t dedup_window::first_bytes::operator()(const content_id& id) const { return read_struct<std::size_t>(id.view()); }

std::optional<image::location> dedup_window::find(const content_id& id, std::uint32_t plain_size) const {
  const std::shared_lock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.plain_size != plain_size) return std::nullopt;
  return image::location{packs_[found->second.pack], found->second.offset, found->second.stored_size};
}

void dedup_window::add(const content_id& id, std::uint32_t plain_size, const image::location& where) {
  const std::scoped_lock lock(mutex_);
  if (entries_.size() >= limit_) return;
  entries_.try_emplace(id, entry{where.offset, where.stored_size, plain_size, pack_number(where.pack)});
}

std::uint32_t dedup_window::pack_number(const image::pack_id& id) {
  if (packs_.empty() || packs_.back() != id) {
    const auto found = std::ranges::find(packs_, id);
    if (found != packs_.end()) return static_cast<std::uint32_t>(found - packs_.begin());
    packs_.push_back(id);
  }
  return static_cast<std::uint32_t>(packs_.size() - 1);
}

}  // namespace umbra::native
