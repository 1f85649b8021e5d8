// SPDX-License-Identifier: GPL-3.0-or-later
// A volume: what a file system lies on, mounted or not, and what lies below it as far as providers must know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/block/extent.h"
#include "engine/io/mount_table.h"

namespace umbra::shadow {

struct volume {
  std::string name;            // as people call it: its mount point, or else its device
  std::string device;          // node: "/dev/loop3", "/dev/mapper/vg-root"; the file itself for a volume that is a plain file
  io::device_number number;    // of the node; 0:0 for a plain file
  std::uint64_t size = 0;      // bytes
  std::string mount_point;     // empty: not mounted. The first one if there are several
  std::string file_system;     // type as mounted: "ext4"; empty if not mounted
  bool read_only = true;       // neither it nor anything upon it is mounted for writing (a read-only file system, not only a
                               // read-only mount) or held by somebody unknown: nothing that this process sees can change it
  std::string backing_file;    // loop devices: the file below, else empty
  range backing_window;        // where the volume lies in backing_file; the size is the volume's
  std::string mapped_name;     // device mapper: "vg-root", else empty
  std::string logical_volume;  // LVM: "vg/root", else empty
  bool is_member = false;      // of a file system on several devices (btrfs, an external log): a copy of it alone is no copy
  bool operator==(const volume&) const = default;

  bool is_mounted() const { return !mount_point.empty(); }
  bool is_file() const { return number == io::device_number{}; }
  // The file that it lies in, or is; empty if there is none.
  const std::string& file() const { return is_file() ? device : backing_file; }
};

// What there is at `path`: a mount point, a block node, or a regular file; a file that a loop device shows as a whole, and that
// is mounted through it, is that loop device's volume. errc::not_found, errc::usage for anything else (a folder that is no mount
// point, a character device), errc::unsupported for file systems on no device (tmpfs, a network).
result<volume> find_volume(const std::string& path);

// A mounted volume that lies on `disk` (a block node or a regular file), and where, if it lies there in one piece.
struct placed_volume {
  volume what;
  std::optional<std::uint64_t>
      offset;  // bytes from the disk's beginning; empty: scattered (LVM, RAID), or on a member of several
};
// Every mounted volume on `disk`, on its partitions, and on what is stacked upon them; the disk itself if it is mounted.
result<std::vector<placed_volume>> volumes_on(const std::string& disk);

// Every mount point that this process sees, in the order of mounting.
std::vector<std::string> mount_points();

}  // namespace umbra::shadow
