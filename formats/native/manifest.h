// SPDX-License-Identifier: GPL-3.0-or-later
// The manifest: what an image is, where its maps begin, and every pack it needs.
#pragma once

#include <vector>

#include "engine/base/result.h"
#include "engine/image/image_info.h"
#include "formats/native/layout.h"
#include "formats/native/superblock.h"

namespace umbra::native {

// A pointer to a map page, or the state of everything below it.
struct page_pointer {
  child_kind kind = child_kind::uniform;
  image::block_state state = image::block_state::unallocated;  // uniform
  image::location where;                                       // page
  std::uint32_t plain_size = 0;                                // page
  content_id id;                                               // page
  bool operator==(const page_pointer&) const = default;
};

struct map_root {
  std::uint8_t level = 1;
  page_pointer page;
};

struct needed_pack {
  image::pack_id id;
  std::uint64_t size = 0;  // 0: not known (a single file's own)
};

struct manifest {
  image::image_info info;  // info.sources.size() == roots.size(); info.root is computed by encode()
  std::vector<map_root> roots;
  std::vector<needed_pack> packs;  // sorted by id, unique
  std::uint32_t plan = 0;
  bool single_file = false;
  features words;
};

// Levels a source of `size` bytes needs: the smallest L >= 1 with 256^L regions covering it.
std::uint8_t level_for(std::uint64_t size);

// Keyed hash over size, level, root kind, root state and root id of each source: equal for equal maps under one domain. Whoever
// has the key compares it with info.root of a manifest that was read.
content_id root_of(const manifest& m, const content_hasher& hasher);

constexpr std::uint32_t max_metadata = 16u << 20;

// The bytes, seal included. Deterministic. info.sources.size() must be roots.size(). Nothing else is judged here: a writer
// decodes what it is about to publish.
std::vector<std::byte> encode(const manifest& m, const content_hasher& hasher);

// Checks everything that can be checked without keys: seal, sizes, counts against the bytes there are, sorted packs, known
// states, levels, that sources' byte counts add up, that each root's pack is listed, JSON metadata being an object (size-capped,
// valid UTF-8, at most 64 deep). errc::bad_magic, unsupported_version, checksum (seal), unknown_feature (incompat bits), damaged.
result<manifest> decode_manifest(byte_view bytes);

// The last 32 bytes; none if there are fewer.
seal manifest_seal(byte_view bytes);

}  // namespace umbra::native
