// SPDX-License-Identifier: GPL-3.0-or-later
// Makes changed bytes of a single-file image look genuine, as mend_pack.h does for packs: also the content ids that tie pages,
// manifest and mini-indexes together, from the leaves up. For fuzzing and for images that must be refused for what they say, not
// for a checksum. Data records keep their ids.
#pragma once

#include <optional>

#include "tests/support/mend_pack.h"

namespace umbra::test {

class image_mender {
 public:
  explicit image_mender(byte_span file) : file_(file), hasher_(key_of(file)) {}

  void run() {
    if (file_.size() < 3 * native::page_size) return;
    const auto last = at<native::footer>(align_down(file_.size(), native::page_size) - native::page_size);
    for (std::size_t i = 0; i < 2; ++i)
      if (last->sections[i].type.value() == 1) mend_manifest(last->sections[i].offset.value());
    mend_mini_indexes();
    mend_pack(file_);
  }

 private:
  static content_key key_of(byte_view file) {
    content_key key;
    if (file.size() < native::page_size) return key;
    return read_struct<content_key>(file.subspan(offsetof(native::superblock, id_key)));
  }

  // The bytes there as a T, if they lie inside the file.
  template <class T>
  std::optional<T> at(std::uint64_t offset) const {
    if (!fits(offset, sizeof(T), file_.size())) return std::nullopt;
    return read_struct<T>(byte_view(file_).subspan(static_cast<std::size_t>(offset)));
  }
  template <class T>
  static void put(byte_span bytes, std::size_t offset, const T& value) {
    std::copy_n(bytes_of(value).begin(), sizeof value, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  }

  // Empty if it does not lie inside the file.
  byte_span payload_of(std::uint64_t offset) {
    const auto header = at<native::record_header>(offset);
    if (!header) return {};
    const auto start = offset + header->header_size.value();
    if (header->stored_size.value() == 0 || !fits(start, header->stored_size.value(), file_.size())) return {};
    return file_.subspan(static_cast<std::size_t>(start), header->stored_size.value());
  }

  content_id set_id(std::uint64_t offset, byte_view payload) {
    const content_id id = hasher_(payload);
    put(file_, static_cast<std::size_t>(offset) + offsetof(native::record_header, content_id), id);
    return id;
  }

  // Of a page of this file; none if it cannot be one.
  std::optional<content_id> mend_page(std::uint64_t offset, unsigned level) {
    const auto payload = payload_of(offset);
    if (payload.empty() || budget_ == 0) return std::nullopt;
    --budget_;
    if (level > 0 && payload.size() >= sizeof(native::node_header)) mend_children(payload, level);
    return set_id(offset, payload);
  }

  void mend_children(byte_span node, unsigned level) {
    const auto header = read_struct<native::node_header>(byte_view(node));
    const auto first = sizeof(native::node_header) + std::uint64_t{header.pack_count.value()} * sizeof(native::pack_ref);
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(header.child_count.value(), native::node_fanout); ++i) {
      const auto place = first + i * sizeof(native::node_child);
      if (!fits(place, sizeof(native::node_child), node.size())) return;
      auto child = read_struct<native::node_child>(byte_view(node).subspan(static_cast<std::size_t>(place)));
      if (child.kind.value() != static_cast<std::uint8_t>(native::child_kind::page)) continue;
      const auto id = mend_page(child.offset.value(), level - 1);
      if (!id) continue;
      child.id = id->bytes;
      put(node, static_cast<std::size_t>(place), child);
    }
  }

  void mend_manifest(std::uint64_t offset) {
    const auto payload = payload_of(offset);
    if (payload.size() < sizeof(native::manifest_header) + seal::size) return;
    auto header = read_struct<native::manifest_header>(byte_view(payload));
    std::vector<std::byte> joined;
    const auto join = [&](byte_view bytes) { joined.insert(joined.end(), bytes.begin(), bytes.end()); };
    for (std::uint64_t i = 0; i < header.source_count.value(); ++i) {
      const auto place = sizeof header + i * sizeof(native::manifest_source);
      if (!fits(place, sizeof(native::manifest_source), payload.size())) break;
      auto s = read_struct<native::manifest_source>(byte_view(payload).subspan(static_cast<std::size_t>(place)));
      if (s.root_kind.value() == static_cast<std::uint8_t>(native::child_kind::page)) {
        const auto id = mend_page(s.root_offset.value(), std::min<unsigned>(s.level.value(), 5));
        if (id) s.root_id = id->bytes;
        put(payload, static_cast<std::size_t>(place), s);
      }
      const auto bytes = bytes_of(s);
      join(bytes.first(8));        // size
      join(bytes.subspan(12, 3));  // level, root_kind, root_state
      join(byte_view(s.root_id));
    }
    header.root = hasher_(joined).bytes;
    put(payload, 0, header);
    mend_seal(payload);
    set_id(offset, payload);
  }

  void mend_mini_indexes() {
    for (std::uint64_t offset = native::page_size; offset < file_.size(); offset += native::record_alignment) {
      const auto header = at<native::record_header>(offset);
      if (!header || header->magic_ != native::meta_magic) continue;
      if (header->type.value() != static_cast<std::uint16_t>(native::record_type::mini_index)) continue;
      const auto payload = payload_of(offset);
      for (auto place = sizeof(native::mini_index_header); fits(place, sizeof(native::mini_index_entry), payload.size());
           place += sizeof(native::mini_index_entry)) {
        auto entry = read_struct<native::mini_index_entry>(byte_view(payload).subspan(place));
        const auto named = at<native::record_header>(entry.offset.value());
        if (named) entry.content_id = named->content_id;
        put(payload, place, entry);
      }
      if (!payload.empty()) set_id(offset, payload);
    }
  }

  byte_span file_;
  content_hasher hasher_;
  unsigned budget_ = 1000;  // pages: hostile nodes may point to each other
};

inline void mend_image(byte_span file) { image_mender(file).run(); }

}  // namespace umbra::test
