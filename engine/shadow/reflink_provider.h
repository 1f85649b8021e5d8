// SPDX-License-Identifier: GPL-3.0-or-later
// Copies of volumes that lie in a file on XFS or btrfs: loop devices, and the disk images of virtual machines. The file is
// cloned, which moves no data and takes about as long as a rename.
//
// What changes in the file afterwards takes space of the file system it lies on, and a volume whose file finds none left fails;
// so copies are refused when little is left (query_diff_areas() tells what they take). Copies for the time of a session have no
// name, and go with the process. Persistent ones are files "umbra-shadow-<id>.img" beside the cloned one, with a record in the
// state folder.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/shadow/provider.h"
#include "engine/shadow/snapshot_records.h"

namespace umbra::shadow {

struct reflink_options {
  std::string machine;
  wall_clock now = system_wall_clock();
  std::shared_ptr<snapshot_records> records = open_snapshot_records(default_records_folder);
  // Bytes that must be free where the file lies. Empty: as much as the least diff area of the reference, 320 MB, or 32 MB for
  // volumes below 500 MB.
  std::optional<std::uint64_t> minimum_free;
};

std::shared_ptr<provider> make_reflink_provider(reflink_options options);

}  // namespace umbra::shadow
