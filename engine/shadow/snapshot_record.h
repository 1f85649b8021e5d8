// SPDX-License-Identifier: GPL-3.0-or-later
// What is written down of a persistent shadow copy, so that any later session finds it, and so that a crash leaves nothing that
// nobody knows of.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/block/extent.h"
#include "engine/shadow/snapshot.h"

namespace umbra::shadow {

struct snapshot_record {
  snapshot_prop prop;
  std::string copy;         // where the provider keeps it: a file, a logical volume
  std::string source;       // what it is a copy of: the file below the volume, its logical volume
  range window;             // of the volume in both
  std::string file_system;  // type, if it was mounted
  std::string seal;         // the provider's own mark of the finished copy: whether it is still what it was
  bool operator==(const snapshot_record&) const = default;
};

// One line of JSON.
std::string to_json(const snapshot_record& record);
// errc::decode for anything else, errc::unsupported_version for what a newer Umbra wrote.
result<snapshot_record> parse_snapshot_record(std::string_view text);

}  // namespace umbra::shadow
