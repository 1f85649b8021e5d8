// SPDX-License-Identifier: GPL-3.0-or-later
// What libblkid takes a volume for: a name for formats that nothing here understands.
#pragma once

#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/io/device.h"

namespace umbra::io {

struct blkid_mark {
  std::string type;   // as libblkid spells it: "zfs_member", "linux_raid_member"
  std::string label;  // the bytes themselves
  std::string id;     // UUID
};

// Reads 2 MiB at each end of the volume and asks libblkid about these: it can read from files only, and a volume may be part of
// an image. What it would read elsewhere is zero to it, so a label may be missing. Empty if it knows nothing, errc::decode if it
// sees several formats.
result<std::optional<blkid_mark>> ask_blkid(device& volume);

}  // namespace umbra::io
