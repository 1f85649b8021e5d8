// SPDX-License-Identifier: GPL-3.0-or-later
// The two ways to a pack's data records: by its own indexes, and by reading everything.
#pragma once

#include <functional>

#include "formats/native/pack_reader.h"
#include "formats/native/pack_scan.h"

namespace umbra::native {

using visit_segment = std::function<result<void>(const std::vector<indexed_record>&)>;

// Through checkpoint chain and mini-indexes, once a segment.
result<void> visit_indexed(const pack_reader& pack, const footer_info& info, const visit_segment& visit);

// Records whose header and checksum are right, once a segment; damage is passed over, media errors too.
result<void> visit_scanned(const scan_source& source, const visit_segment& visit);

}  // namespace umbra::native
