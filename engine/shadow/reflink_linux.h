// SPDX-License-Identifier: GPL-3.0-or-later
// Files that share their blocks: XFS and btrfs. Linux only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/block/extent.h"
#include "engine/io/unique_fd.h"

namespace umbra::shadow {

// Empty if files at this place can be cloned, else why not; e_insufficient_storage if it is full. Leaves nothing; costs one
// transaction of the file system.
result<std::string> why_no_reflink(const std::string& file);

// A file that can become a clone of `source`: without a name in the folder, or the new file `name` of it.
result<unique_fd> make_clone_target(int source, const std::string& folder, const std::string& name);

// Lets `target` share what lies in `source` now, in small steps: others write to the source meanwhile. It is no copy yet, but
// clone_file() has only to do then what has changed since. Only where cloning passes over blocks that both share already (XFS
// since Linux 5.9); elsewhere, and if anything fails, all is left to clone_file(). Doing it again takes in what came since.
void share_ahead(int source, int target) noexcept;

// All of `source`, at one instant; what else was in `target` is gone. 0 or an errno: takes no memory.
int clone_file(int source, int target) noexcept;

// Bytes of the file that it shares with no other. btrfs counts an extent as shared while any part of it is: less than it is.
result<std::uint64_t> unshared_bytes(int file);

// Brings a window of a file back to what it is in a copy. While this is there, nobody mounts a loop device over that window.
class file_revert {
 public:
  // Changes nothing. e_volume_in_use while anything is mounted from that window, or another program has a lock on the file.
  static result<file_revert> begin(int copy, const std::string& volume_file, range window);

  // Shares blocks where they lie right, copies bytes elsewhere, and has loop devices forget what they knew. Doing it again does
  // no harm: what a crash cut short is begun anew.
  result<void> run();

 private:
  int copy_ = -1;
  std::string name_;
  range window_;
  unique_fd target_;
  std::vector<unique_fd> nodes_;
};

}  // namespace umbra::shadow
