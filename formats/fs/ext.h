// SPDX-License-Identifier: GPL-3.0-or-later
// What an ext2, ext3 or ext4 file system uses of its volume, read through libext2fs without mounting it.
#pragma once

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/plan/formatted_volume.h"

namespace umbra::fs {

// Null if there is no ext superblock. Its files and owners cannot be told yet (errc::unsupported, unknown). Fails only when the
// superblock's place cannot be read. `used` holds what the block bitmaps claim, the file system's own structures wherever they
// lie, the first 2 KiB, and what lies behind the file system; in doubt (not cleanly unmounted, a journal to replay, a wrong
// checksum or count, an unknown feature, an unreadable structure) the whole volume.
result<plan::volume_ptr> recognise_ext(io::device& volume);

}  // namespace umbra::fs
