// SPDX-License-Identifier: GPL-3.0-or-later
// The first 4096 bytes of a pack and the whole of the object "vault": version, features, keys.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/image/image_info.h"
#include "formats/native/features.h"
#include "formats/native/layout.h"

namespace umbra::native {

struct superblock_info {
  superblock_kind kind = superblock_kind::pack;
  image::domain domain;
  image::pack_id pack;  // kind pack; its session is not "none"
  features words;
  std::uint32_t writer_build_ = 0;  // encode: 0 is this build
  std::string writer;               // printable ASCII, up to 31; encode: empty is "umbra"
};

superblock encode(const superblock_info& info);

// Checks magic, seal, version, sizes and algorithm numbers. Feature bits are not judged here (see check_features).
// errc::bad_magic (with a hint when the bytes look like text-mode damage), checksum, unsupported_version (also for algorithms
// that this build lacks), decode. `bytes` may be shorter than a superblock: errc::bad_magic or errc::damaged.
// Magic, version, size and seal keep their places and meaning in all versions, so damage is told from novelty.
result<superblock_info> decode_superblock(byte_view bytes, superblock_kind expected);

}  // namespace umbra::native
