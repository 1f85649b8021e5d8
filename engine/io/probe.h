// SPDX-License-Identifier: GPL-3.0-or-later
// What the system says about a path that may become a source or a target, without opening it for writing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace umbra::io {

struct mount_use {
  std::string device;       // node that is mounted: the path itself, one of its partitions, or a holder above it
  std::string mount_point;  // "swap" for swap space
  bool read_only = false;
};

// Everything mounted or swapped on from `path` (a block node: also from its partitions and the devices stacked on them,
// through /sys/dev/block; a loop device: also from others over the same bytes; a regular file: from loop devices over it). Empty
// if nothing.
result<std::vector<mount_use>> mounts_of(const std::string& path);

// True if the file system that holds `inside` lies on the block device `disk`, on one of its partitions, or on a device
// stacked on them. False for a regular file `disk` unless a loop device over it carries that file system.
// An `inside` that does not exist yet counts as the nearest folder above it that does.
result<bool> lies_on(const std::string& inside, const std::string& disk);

// Where a path is inside the file system that holds it.
struct volume_path {
  std::string device;  // a block node of that file system; empty if it lies on none
  std::string path;    // from the file system's own root, even where only a part of it is mounted: "/var/vault"
};
// `path` need not exist yet.
result<volume_path> path_in_volume(const std::string& path);

// The regular files that serve as swap space now.
std::vector<std::string> active_swap_files();

// True if both paths lead to the same file or block node.
bool same_file(const std::string& a, const std::string& b);

// A stable name of the hardware where the system knows one (serial or wwid from /sys), else empty. For a partition it ends in
// "-part" and the number.
std::string hardware_id(const std::string& path);

}  // namespace umbra::io
