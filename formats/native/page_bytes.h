// SPDX-License-Identifier: GPL-3.0-or-later
// What leaves, nodes and manifests share: structures put one after another, limits of places and pages, and the table of packs.
#pragma once

#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/image/block.h"
#include "formats/native/layout.h"

namespace umbra::native {

template <class T>
void append_struct(std::vector<std::byte>& out, const T& value) {
  const byte_view bytes = bytes_of(value);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

inline void append_bytes(std::vector<std::byte>& out, byte_view bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

// Element `index` of an array of T; the caller has checked the length.
template <class T>
T struct_at(byte_view array, std::size_t index) {
  return read_struct<T>(array.subspan(index * sizeof(T), sizeof(T)));
}

// True if a record's header may lie at `offset` and have this payload.
constexpr bool is_record_place(std::uint64_t offset, std::uint64_t stored_size) {
  return offset >= page_size && offset % record_alignment == 0 && offset <= std::uint64_t{1} << 62 && stored_size >= 1 &&
         stored_size <= max_plain;
}

// Sizes that pages can have.
constexpr std::uint64_t blocks_per_region = image::region_size / sector;
constexpr std::uint64_t min_leaf_bytes = sizeof(leaf_header) + sizeof(leaf_block);
constexpr std::uint64_t max_leaf_bytes =
    sizeof(leaf_header) + blocks_per_region * (sizeof(pack_ref) + sizeof(leaf_block) + change_hash::size + content_id::size);
constexpr std::uint64_t min_node_bytes = sizeof(node_header) + sizeof(node_child);
constexpr std::uint64_t max_node_bytes = sizeof(node_header) + node_fanout * (sizeof(pack_ref) + sizeof(node_child));
static_assert(max_leaf_bytes <= max_plain);

pack_ref encode(const image::pack_id& id);
image::pack_id decode(const pack_ref& ref);

// The packs that one page names: sorted, each once; entries hold an index into it, so that the page means the same in any image.
class pack_table {
 public:
  pack_table() = default;
  explicit pack_table(std::vector<image::pack_id> ids);  // any order, any number of times

  // `bytes` is pack_ref[]; errc::damaged unless sorted and unique.
  static result<pack_table> decode(byte_view bytes);
  void append_to(std::vector<std::byte>& out) const;

  std::size_t size() const { return ids_.size(); }
  const image::pack_id& operator[](std::size_t index) const { return ids_[index]; }
  // Of a pack that is in the table.
  std::uint16_t index_of(const image::pack_id& id) const;
  const std::vector<image::pack_id>& ids() const { return ids_; }

 private:
  std::vector<image::pack_id> ids_;
};

}  // namespace umbra::native
