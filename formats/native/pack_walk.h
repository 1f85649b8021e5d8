// SPDX-License-Identifier: GPL-3.0-or-later
// The full check of a pack: see pack_reader::walk.
#pragma once

#include <functional>
#include <string>

#include "formats/native/pack_reader.h"
#include "formats/native/pack_scan.h"

namespace umbra::native {

result<pack_reader::walk_report> walk_pack(const scan_source& source, const std::string& name, const superblock_info& super,
                                           const std::function<result<void>(const pack_reader::walked_record&)>& visit);

}  // namespace umbra::native
