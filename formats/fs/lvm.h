// SPDX-License-Identifier: GPL-3.0-or-later
// Physical volumes of LVM 2: which extents belong to logical volumes, and which logical volumes lie here as a whole and in a
// plain way, so that whoever knows all formats can look into them.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/plan/formatted_volume.h"

namespace umbra::fs {

struct lvm_volume {
  std::string name;           // "vg/root"
  std::vector<range> pieces;  // of the physical volume, in the logical volume's order
};

struct lvm_group {
  std::string name;
  std::uint64_t extent_size = 0;
  // Everything but free extents and the pieces of `plain`: label, metadata, extents of other logical volumes, what lies behind.
  range_list claimed;
  // Linear, all on this physical volume, and used by nothing but their owner: not a part, origin or store of another one.
  std::vector<lvm_volume> plain;
  // "LV vg/pool: thin-pool, copied whole"
  std::vector<std::string> notes;
};

// The doubt is the error: no label, a wrong checksum, areas that differ, a group that is being changed, an unknown type of
// segment.
result<lvm_group> read_lvm_group(io::device& volume);

// Null if there is no label. `used` holds all but the extents that belong to no logical volume; in doubt the whole volume.
result<plan::volume_ptr> recognise_lvm(io::device& volume);

}  // namespace umbra::fs
