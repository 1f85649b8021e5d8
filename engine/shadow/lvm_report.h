// SPDX-License-Identifier: GPL-3.0-or-later
// What `lvs --reportformat json --units b --nosuffix` says. A pure function of its text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace umbra::shadow {

// The fields to ask for, as lvs -o takes them.
constexpr std::string_view lvm_fields =
    "vg_name,lv_name,origin,pool_lv,segtype,lv_attr,lv_size,data_percent,vg_free,vg_extent_size,thin_id,lv_tags";

struct logical_volume {
  std::string group;
  std::string name;
  std::string origin;         // of a snapshot; name without group
  std::string pool;           // thin volumes
  std::uint64_t thin_id = 0;  // number of the device in the pool; 0: none
  std::string segment_type;
  std::string attributes;              // the ten letters of lv_attr
  std::uint64_t size = 0;              // bytes; of a thick snapshot: its copy-on-write area
  std::optional<double> data_percent;  // used, of a snapshot's area or a pool
  std::uint64_t group_free = 0;        // bytes
  std::uint64_t extent_size = 0;       // bytes
  std::vector<std::string> tags;

  bool is_thin() const { return segment_type == "thin"; }
  bool is_active() const { return attributes.size() > 4 && attributes[4] != '-'; }
  bool is_snapshot() const { return !origin.empty(); }
  // The kernel gave the snapshot up: its area overflowed, or a device failed.
  bool is_invalid() const { return attributes.size() > 4 && (attributes[4] == 'I' || attributes[4] == 'S'); }
  std::string full_name() const { return group + "/" + name; }
  // The rest of the tag that begins with `prefix`; empty if there is none.
  std::string tag(std::string_view prefix) const;
};

// errc::decode for anything that is no such report.
result<std::vector<logical_volume>> parse_lvs(std::string_view json);

}  // namespace umbra::shadow
