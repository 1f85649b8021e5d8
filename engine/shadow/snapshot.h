// SPDX-License-Identifier: GPL-3.0-or-later
// What is known of a shadow copy and of a provider.
#pragma once

#include <cstdint>
#include <string>

#include "engine/shadow/enums.h"
#include "engine/shadow/guid.h"

namespace umbra::shadow {

// VSS_TIMESTAMP: 100 ns since 1601-01-01 UTC.
using timestamp = std::int64_t;
// The nearest timestamp: times beyond the years -27627 and 30828 give the first and the last one.
timestamp timestamp_of(std::int64_t unix_seconds);
// The second in which it lies: rounded down, also before 1970.
std::int64_t unix_seconds_of(timestamp t);

// VSS_SNAPSHOT_PROP. Texts are for people and for finding the copy again; only the provider that made them opens them.
struct snapshot_prop {
  guid snapshot_id;
  guid snapshot_set_id;
  std::uint32_t snapshots_count = 0;  // in the set when it was made
  std::string
      snapshot_device_object;  // device node or file that reads as the volume at that instant; empty: only through its provider
  std::string original_volume_name;
  std::string originating_machine;
  std::string service_machine;
  std::string exposed_name;
  std::string exposed_path;
  guid provider_id;
  volume_snapshot_attributes attributes = volume_snapshot_attributes::none;
  timestamp creation_timestamp = 0;
  snapshot_state status = snapshot_state::unknown;
  bool operator==(const snapshot_prop&) const = default;
};

// VSS_PROVIDER_PROP.
struct provider_prop {
  guid provider_id;
  std::string provider_name;  // "reflink": also what --provider takes
  provider_type type = provider_type::unknown;
  std::string provider_version;
  guid provider_version_id;
  bool operator==(const provider_prop&) const = default;
};

// VSS_DIFF_AREA_PROP: the space in which a provider keeps what changed under its copies. Bytes.
struct diff_area_prop {
  static constexpr std::uint64_t no_limit = ~0ull;
  std::string volume_name;            // whose copies these are
  std::string diff_area_volume_name;  // where they are kept
  std::uint64_t maximum_space = no_limit;
  std::uint64_t allocated_space = 0;
  std::uint64_t used_space = 0;
  protection_fault fault = protection_fault::none;
  bool operator==(const diff_area_prop&) const = default;
};

}  // namespace umbra::shadow
