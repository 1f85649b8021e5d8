// SPDX-License-Identifier: GPL-3.0-or-later
// NTFS, read by ourselves: what it uses of its volume, where its files lie, and whose a cluster is.
#pragma once

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/plan/formatted_volume.h"

namespace umbra::fs {

// Null if the first sector is no boot sector of NTFS. `used` holds what $Bitmap and the runs of all files claim, the first 16
// sectors, and what lies behind the last cluster; in doubt (marked dirty, a log that is not closed, a mirror that differs, a
// record that makes no sense, an unknown version) the whole volume. Where the first sector is damaged but still says NTFS, the
// copy at the volume's end counts.
result<plan::volume_ptr> recognise_ntfs(io::device& volume);

// The same where the first sector says nothing: by the copy in the last one, if it belongs to a volume of just this size. Only
// for volumes that nothing else claims: another format may have left that sector alone.
result<plan::volume_ptr> recognise_ntfs_by_backup(io::device& volume);

}  // namespace umbra::fs
