// SPDX-License-Identifier: GPL-3.0-or-later
// What the text of a volume group says of one of its physical volumes.
#pragma once

#include <cstdint>

#include "engine/base/result.h"
#include "formats/fs/lvm.h"
#include "formats/fs/lvm_label.h"
#include "formats/fs/lvm_text.h"

namespace umbra::fs {

// `text` as parsed; `size` of the device the label was read from.
result<lvm_group> understand_group(const lvm_section& text, const lvm_label& label, std::uint64_t size);

}  // namespace umbra::fs
