// SPDX-License-Identifier: GPL-3.0-or-later
// A plan that names packs a collector condemned: the same image again, without those packs.
#pragma once

#include <set>

#include "formats/native/map_assembly.h"
#include "formats/native/stored_image.h"

namespace umbra::native {

// Walks the maps of `candidate`; blocks that lie in `lost` packs are read (a condemned pack may still be there) and stored again
// through `append`, pages that lie there or change are written again, all others are shared. errc::not_found or errc::damaged if
// a block can no longer be read: then the backup must be run again.
result<map_assembly> repair_maps(stored_image& candidate, const std::set<image::pack_id>& lost, const content_hasher& hasher,
                                 const append_record& append);

}  // namespace umbra::native
