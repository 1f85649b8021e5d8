// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/pack_cache.h"

#include <fmt/format.h>

#include "formats/native/objects.h"

namespace umbra::native {

result<std::shared_ptr<const pack_reader>> pack_cache::pack(const image::pack_id& id) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = by_id_.find(id); found != by_id_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return recent_.front().reader;
    }
  }
  // Opened without the lock: two threads may open the same pack, one of the readers is dropped.
  auto file = store_.open(pack_name(id));
  if (file.has_error() && file.assume_error().code() == errc::not_found) {
    return error(errc::damaged, fmt::format("{} is missing in {}", pack_name(id), store_.location()));
  }
  if (file.has_error()) return std::move(file).assume_error().within("pack " + to_string(id));
  TRY(std::shared_ptr<const pack_reader> reader, pack_reader::open(std::move(file).assume_value(), pack_name(id), id));
  CHECK(check_features(reader->super().words, intent::read));
  const std::scoped_lock lock(mutex_);
  if (const auto found = by_id_.find(id); found != by_id_.end()) return found->second->reader;
  recent_.push_front({id, reader});
  by_id_[id] = recent_.begin();
  if (recent_.size() > limit_) {
    by_id_.erase(recent_.back().id);
    recent_.pop_back();
  }
  return reader;
}

}  // namespace umbra::native
