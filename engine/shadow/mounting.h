// SPDX-License-Identifier: GPL-3.0-or-later
// Mounting and unmounting, as exposing and reverting need it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "engine/base/result.h"

namespace umbra::shadow {

// Read-only, without replaying a journal and beside the original (which has the same identifiers): "ro", and what the file system
// needs for that. The folder must exist.
result<void> mount_read_only(const std::string& node, const std::string& folder);
// errc::busy if something uses it.
result<void> unmount(const std::string& folder);
// Where `node` is mounted, empty if nowhere.
std::string mount_point_of(const std::string& node);

// Mounts the copy at `node`, of a file system of that type, for writing; a path to its root, for root alone, that is good while
// this process lives: nothing stays mounted after it. errc::unsupported for btrfs: its kernel part tells file systems apart by
// their identifier alone, and the copy has the volume's.
result<std::string> mount_for_writers(const std::string& node, const std::string& file_system, std::size_t number);
// e_volume_in_use if somebody uses it after five seconds still: the path is gone, but not what he has open.
result<void> unmount_from_writers(const std::string& folder);

// A volume that was unmounted for a while.
class unmounted_volume {
 public:
  virtual ~unmounted_volume() = default;
  // As it was: same folder, type and options.
  virtual result<void> mount_again() = 0;
};
result<std::unique_ptr<unmounted_volume>> unmount_for_now(const std::string& folder);

}  // namespace umbra::shadow
