// SPDX-License-Identifier: GPL-3.0-or-later
// Files whose data an image does not need: their bytes are left out, the files stay and read as zeros.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/plan/formatted_volume.h"

namespace umbra::registry {

struct exclusion_rule {
  std::string pattern;      // see plan::path_patterns
  std::string why;          // for people: "paging file of Windows"
  std::string volume_kind;  // only on volumes of this kind ("NTFS"); empty: any
  std::string volume_id;    // only on the volume of this id (plan::volume_facts::id); empty: any
  bool swap_only =
      false;  // only files that carry the mark of swap space; their first 64 KiB stay, so that they can be used again
  bool asked_for = false;  // by the user: if it cannot be followed on a volume, a note says so
};

using exclusion_rules = std::vector<exclusion_rule>;

// Paging and hibernation files and the storage of shadow copies on NTFS, swap files where Linux has them.
exclusion_rules usual_exclusions();

// Adds to `map` (of this volume) the files that match, with the first rule that takes each. Where the format cannot tell for sure
// where files lie, nothing is left out.
void leave_out_files(plan::formatted_volume& format, io::device& volume, const exclusion_rules& rules, plan::allocation& map);

}  // namespace umbra::registry
