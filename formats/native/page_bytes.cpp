// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/page_bytes.h"

#include <algorithm>
#include <cassert>

namespace umbra::native {

pack_ref encode(const image::pack_id& id) {
  pack_ref ref{};
  ref.session = id.session.bytes;
  ref.number = id.number;
  return ref;
}

image::pack_id decode(const pack_ref& ref) {
  image::pack_id id;
  id.session.bytes = ref.session;
  id.number = ref.number.value();
  return id;
}

pack_table::pack_table(std::vector<image::pack_id> ids) : ids_(std::move(ids)) {
  std::sort(ids_.begin(), ids_.end());
  ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
}

result<pack_table> pack_table::decode(byte_view bytes) {
  pack_table table;
  const std::size_t count = bytes.size() / sizeof(pack_ref);
  table.ids_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const image::pack_id id = native::decode(struct_at<pack_ref>(bytes, i));
    if (!table.ids_.empty() && !(table.ids_.back() < id)) return error(errc::damaged, "pack table is not sorted");
    table.ids_.push_back(id);
  }
  return table;
}

void pack_table::append_to(std::vector<std::byte>& out) const {
  for (const image::pack_id& id : ids_) append_struct(out, encode(id));
}

std::uint16_t pack_table::index_of(const image::pack_id& id) const {
  const auto place = std::lower_bound(ids_.begin(), ids_.end(), id);
  assert(place != ids_.end() && *place == id);
  return static_cast<std::uint16_t>(place - ids_.begin());
}

}  // namespace umbra::native
