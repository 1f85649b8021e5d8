// SPDX-License-Identifier: GPL-3.0-or-later
// What lies in one volume and which of its bytes are in use.
#pragma once

#include "engine/io/device.h"
#include "engine/plan/allocation_map.h"
#include "engine/plan/formatted_volume.h"
#include "formats/registry/disk_layout.h"
#include "formats/registry/exclusions.h"

namespace umbra::registry {

struct volume_survey {
  plan::allocation map;
  volume_content content;
};

// The volume's own map if one format claims it and nothing else seems to be there; else all of it, with a note that says why.
// With `names`, formats that nobody here understands are named with libblkid's help, which costs a little reading. Never fails:
// what cannot be read is used.
volume_survey survey_volume(io::device& volume, const plan::scan_options& options, const exclusion_rules& leave_out, bool names);

}  // namespace umbra::registry
