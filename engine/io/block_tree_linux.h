// SPDX-License-Identifier: GPL-3.0-or-later
// How block devices lie on each other, as /sys tells: partitions on disks, stacked devices (holders) on both, loop devices
// on files. Internal to engine/io.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/block/extent.h"
#include "engine/io/mount_table.h"

namespace umbra::io {

using device_set = std::set<device_number>;

class block_tree {
 public:
  // `sys`: where sysfs is mounted; another folder in tests.
  explicit block_tree(std::string sys = "/sys") : sys_(std::move(sys)) {}

  // The devices, their partitions, and whatever is stacked on any of these, loop devices over block nodes included.
  device_set with_all_above(device_set devices) const;
  // The devices, the disks they are partitions of, and whatever any of these is stacked on, through the backing files of loop
  // devices too.
  device_set with_all_below(device_set devices) const;
  // Loop devices whose backing file is the one at `path`, by inode.
  device_set loops_over(const std::string& path) const;
  // The device and, if it is a loop device, those that show some of the same bytes of its backing file.
  device_set with_overlapping_loops(device_number device) const;
  // All devices of the btrfs file system that `member` is part of; only itself otherwise.
  device_set btrfs_members(device_number member) const;

  // "/dev/sda1", or "8:1" where /sys does not know the device.
  std::string node_name(device_number device) const;
  // A small text attribute of the device or, for a partition, of its disk; trimmed, empty if there is none.
  std::string disk_attribute(device_number device, const std::string& attribute) const;
  // The number of a partition, as text; empty for a whole device.
  std::string partition_number(device_number device) const;

 private:
  std::string folder(device_number device) const;
  device_set members_of(const std::string& folder, const std::string& required) const;
  device_set partitions(device_number device) const;
  std::string backing_file(device_number loop) const;
  range window_of(device_number loop) const;
  std::vector<device_number> loops() const;

  std::string sys_;
};

}  // namespace umbra::io
