// SPDX-License-Identifier: GPL-3.0-or-later
// How block devices lie on each other, as /sys tells: partitions on disks, stacked devices (holders) on both, loop devices
// on files. Linux only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/block/extent.h"
#include "engine/io/mount_table.h"

namespace umbra::io {

using device_set = std::set<device_number>;

// Devices and where they begin, in bytes, on the disk that was asked about; empty: not in one piece, or nobody knows.
using device_places = std::map<device_number, std::optional<std::uint64_t>>;

// Where a device lies in a regular file.
struct file_place {
  std::string file;
  std::uint64_t offset = 0;
  bool operator==(const file_place&) const = default;
};

class block_tree {
 public:
  // `sys`: where sysfs is mounted; another folder in tests.
  explicit block_tree(std::string sys = "/sys") : sys_(std::move(sys)) {}

  // The devices, their partitions, and whatever is stacked on any of these, loop devices over block nodes included.
  device_set with_all_above(const device_set& devices) const;
  // The same with their places: partitions and loop devices lie where /sys says, stacked devices anywhere.
  device_places places_above(const device_places& start) const;
  // The devices, the disks they are partitions of, and whatever any of these is stacked on, through the backing files of loop
  // devices too.
  device_set with_all_below(device_set devices) const;
  // Loop devices whose backing file is the one at `path`, by inode.
  device_set loops_over(const std::string& path) const;
  // Where a loop device, or a partition of one, lies in the file below; empty if that is no regular file, or cannot be reached
  // by its name any longer.
  std::optional<file_place> place_in_file(device_number device) const;
  // The device and, if it is a loop device, those that show some of the same bytes of its backing file.
  device_set with_overlapping_loops(device_number device) const;
  // All devices of the btrfs file system that `member` is part of; only itself otherwise.
  device_set btrfs_members(device_number member) const;

  // "/dev/sda1", or "8:1" where /sys does not know the device.
  std::string node_name(device_number device) const;
  // Bytes; 0 where /sys does not know the device.
  std::uint64_t size_of(device_number device) const;
  // What device mapper calls it ("vg-root"), and the volume group and volume if LVM made it ("vg/root"); empty for others.
  std::string mapped_name(device_number device) const;
  std::string logical_volume(device_number device) const;
  // Sectors written and discarded since the device came up; empty where the kernel does not count.
  std::optional<std::uint64_t> sectors_changed(device_number device) const;
  // A small text attribute of the device or, for a partition, of its disk; trimmed, empty if there is none.
  std::string disk_attribute(device_number device, const std::string& attribute) const;
  // The number of a partition, as text; empty for a whole device.
  std::string partition_number(device_number device) const;

 private:
  using loops_on_nodes = std::vector<std::pair<device_number, device_number>>;  // what is below, and the loop device

  std::string folder(device_number device) const;
  device_places placed_on(device_number device, std::optional<std::uint64_t> place, const loops_on_nodes& loops) const;
  device_set members_of(const std::string& folder, const std::string& required) const;
  device_set partitions(device_number device) const;
  std::string backing_file(device_number loop) const;
  std::optional<std::uint64_t> number_in(const std::string& path) const;
  std::optional<std::uint64_t> start_of(device_number part) const;
  range window_of(device_number loop) const;
  std::vector<device_number> loops() const;

  std::string sys_;
};

}  // namespace umbra::io
