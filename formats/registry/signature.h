// SPDX-License-Identifier: GPL-3.0-or-later
// What a volume that we do not understand seems to be: for notes, and to notice a leftover file system below something newer.
#pragma once

#include <string_view>

#include "engine/base/result.h"
#include "engine/io/device.h"

namespace umbra::registry {

// "BitLocker", "F2FS", ...; empty if nothing is recognised. What formats/fs understands is not in the list. Reads the first 68
// KiB.
result<std::string_view> foreign_signature(io::device& volume);

}  // namespace umbra::registry
