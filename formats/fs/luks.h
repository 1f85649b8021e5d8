// SPDX-License-Identifier: GPL-3.0-or-later
// Volumes encrypted by LUKS, versions 1 and 2 (the "LUKS1 On-Disk Format Specification" and "LUKS2 On-Disk Format
// Specification" of cryptsetup). Without a key nobody can tell what is in use: all of it is.
#pragma once

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/plan/formatted_volume.h"

namespace umbra::fs {

// Null if the volume does not begin with LUKS's header.
result<plan::volume_ptr> recognise_luks(io::device& volume);

}  // namespace umbra::fs
