// SPDX-License-Identifier: GPL-3.0-or-later
// What of a whole disk is in use, and what lies where: put together from its partition table and the formats we understand.
#pragma once

#include <vector>

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/plan/allocation_map.h"
#include "formats/registry/disk_layout.h"
#include "formats/registry/exclusions.h"

namespace umbra::registry {

struct allocation_options {
  bool cuts_on_files = true;  // also tell where files lie
  exclusion_rules leave_out = {};
};

// The device itself may be a file system, or its partitions may be. Everything else is used: tables, gaps, what is not
// understood, what gives a contradictory picture (two signatures in one place), what cannot be read. Notes name every piece:
// "partition 1: ext4, 2.1 GiB of 8.0 GiB used". Never fails for what lies on the disk.
result<plan::allocation> allocation_of(io::device& disk, const allocation_options& options);

struct disk_survey {
  plan::allocation map;  // that of allocation_of()
  disk_layout layout;
};

// Both from one pass over the disk. Never fails for what lies on it.
disk_survey survey_disk(io::device& disk, const allocation_options& options);

}  // namespace umbra::registry
