// SPDX-License-Identifier: GPL-3.0-or-later
// An image seen from outside: who, when, what of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/image/block.h"

namespace umbra::image {

// The hashes' keys and the block size that images must share to share blocks: a vault's, or a chain of single files'.
struct domain {
  domain_id id;
  content_key id_key;
  change_secret secret;
  std::uint32_t block_size = 64 << 10;  // largest stored block
};

// One imaged device or file.
struct source_info {
  std::uint64_t size = 0;
  std::uint32_t logical_sector = 512;
  // Bytes by state; their sum is `size`.
  std::uint64_t stored_bytes = 0;
  std::uint64_t zero_bytes = 0;
  std::uint64_t unallocated_bytes = 0;
  std::uint64_t unreadable_bytes = 0;
  std::uint64_t excluded_bytes = 0;
};

struct image_info {
  session_id id;
  session_id parent;  // none: a full image
  domain_id domain;
  std::uint32_t block_size = 0;
  std::int64_t created = 0;  // seconds since 1970 UTC, for people
  std::string metadata;      // JSON object: name, host, tool, sources' names, options, result; printable, never obeyed
  std::vector<source_info> sources;
  std::uint64_t new_plain_bytes = 0;   // of the records this image added
  std::uint64_t new_stored_bytes = 0;  // what they take, headers included
  content_id root;                     // hash over all maps: equal roots, equal content
};

}  // namespace umbra::image
