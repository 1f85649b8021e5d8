// SPDX-License-Identifier: GPL-3.0-or-later
// What is mounted now, as this process's mount namespace shows it. Linux only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/io/block_tree_linux.h"
#include "engine/io/mount_table.h"

namespace umbra::io {

// In the order of /proc/self/mountinfo.
std::vector<mount_entry> mounts();
// The mount that holds `path`: by the kernel's number where it tells (5.8), else the last one of the longest mount point.
std::optional<mount_entry> mount_of(const std::string& path);
// The block devices that a mounted file system lies on directly. Those with a number of their own (btrfs) name a member as
// their source; an overlay lies where its layers lie.
device_set devices_of(const block_tree& tree, const mount_entry& mount);

}  // namespace umbra::io
