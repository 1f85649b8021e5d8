// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/stored_image.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/units.h"

namespace umbra::native {

stored_image::stored_image(manifest m, image::domain keys, std::shared_ptr<pack_source> packs)
    : manifest_(std::move(m)), keys_(keys), hasher_(keys.id_key), packs_(std::move(packs), pack_ids_) {
  for (const auto& p : manifest_.packs) pack_ids_.push_back(p.id);
  for (std::size_t i = 0; i < manifest_.roots.size(); ++i) {
    maps_.push_back(
        std::make_unique<map_reader>(manifest_.info.sources[i].size, manifest_.roots[i], packs_, hasher_, keys_.block_size));
  }
}

result<std::shared_ptr<const pack_reader>> stored_image::listed_packs::pack(const image::pack_id& id) {
  if (std::binary_search(listed_.begin(), listed_.end(), id)) return all_->pack(id);
  return error(errc::damaged, fmt::format("pack {} is not in the image's list", to_string(id)));
}

result<std::unique_ptr<stored_image>> stored_image::open(manifest m, image::domain keys, std::shared_ptr<pack_source> packs) {
  if (root_of(m, content_hasher(keys.id_key)) != m.info.root) {
    return error(errc::damaged, fmt::format("image {}: its root is not that of its maps", to_hex(m.info.id.view())));
  }
  if (m.info.block_size != keys.block_size) {
    return error(errc::damaged, fmt::format("image {}: blocks of {} bytes in a domain of {}", to_hex(m.info.id.view()),
                                            m.info.block_size, keys.block_size));
  }
  return std::make_unique<stored_image>(std::move(m), keys, std::move(packs));
}

result<image::region_ptr> stored_image::region_at(std::size_t source, std::uint64_t index) {
  if (source >= maps_.size()) return error(errc::out_of_range, fmt::format("source {}", source));
  return within(fmt::format("image {}, source {}, region {}", to_hex(manifest_.info.id.view()), source, index),
                maps_[source]->region_at(index));
}

result<image::image_reader::uniform_run> stored_image::uniform_at(std::size_t source, std::uint64_t index) {
  if (source >= maps_.size()) return error(errc::out_of_range, fmt::format("source {}", source));
  return maps_[source]->uniform_at(index);
}

result<void> stored_image::fetch(const image::block& b, byte_span out, bool rehash) {
  if (b.state != image::block_state::stored || out.size() != b.size) {
    return error(errc::out_of_range, "fetch wants a stored block and its size");
  }
  // One decoder and one scratch a thread: fetch is called for every block of a restore.
  thread_local codec::decoder decoder;
  thread_local std::vector<std::byte> scratch;
  TRY(const auto pack, packs_.pack(b.where.pack));
  CHECK(pack->read_record(b.where, record_type::data, b.id, decoder, scratch, out));
  if (rehash && hasher_(out) != b.id) {
    return error(errc::damaged, fmt::format("{} at {}: the bytes are not those of content id {}", pack->name(), b.where.offset,
                                            to_hex(b.id.view())));
  }
  return success();
}

result<void> stored_image::locate(const image::block& b) {
  TRY(const auto pack, packs_.pack(b.where.pack));
  TRY(const auto header, pack->header_at(b.where.offset));
  const bool agrees = header.type == record_type::data && header.id == b.id && header.stored_size == b.where.stored_size &&
                      header.plain_size == b.size;
  if (agrees) return success();
  return error(errc::damaged, fmt::format("{} at {}: another record than the map says", pack->name(), b.where.offset));
}

result<void> stored_image::check_packs() {
  for (const auto& needed : manifest_.packs) {
    TRY(const auto pack, packs_.pack(needed.id));
    if (needed.size == 0 || pack->file_size() == needed.size) continue;
    return error(errc::damaged,
                 fmt::format("{}: has {} bytes, the image needs {}", pack->name(), pack->file_size(), needed.size));
  }
  return success();
}

}  // namespace umbra::native
