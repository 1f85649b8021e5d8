// SPDX-License-Identifier: GPL-3.0-or-later
// What exFAT uses of its volume.
#pragma once

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/plan/formatted_volume.h"

namespace umbra::fs {

// Null if the first sector does not say that it is exFAT. `used` holds what comes before the clusters (both boot regions, the
// FATs), every cluster that an allocation bitmap claims, every cluster that a folder or a file leads to whatever the bitmap says,
// and what lies behind the last cluster. A volume that was not cleanly unmounted is understood like any other: there is no
// journal, and a driver reads only what folders and files lead to.
result<plan::volume_ptr> recognise_exfat(io::device& volume);

}  // namespace umbra::fs
