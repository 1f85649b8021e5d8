// SPDX-License-Identifier: GPL-3.0-or-later
// What an ext2, ext3 or ext4 file system uses of its volume, read through libext2fs without mounting it.
#pragma once

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/plan/formatted_volume.h"

namespace umbra::fs {

// Null if there is no ext superblock. Fails only when the superblock's place cannot be read. A journal inside the file system is
// taken into account by all answers, as if it had been replayed; nothing is written. `used` holds what the block bitmaps claim
// then, the file system's own structures wherever they lie, the journal, the first 2 KiB, and what lies behind the file system;
// in doubt (a journal that leaves any, not cleanly unmounted without one, a wrong checksum or count, an unknown feature, an
// unreadable structure) the whole volume. Names are the bytes as they are; those in encrypted folders are not told.
result<plan::volume_ptr> recognise_ext(io::device& volume);

}  // namespace umbra::fs
