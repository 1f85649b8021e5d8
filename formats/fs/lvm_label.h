// SPDX-License-Identifier: GPL-3.0-or-later
// The beginning of a physical volume of LVM 2: its label, and the areas in which the text of its volume group lies (lvm2's
// lib/label/label.h, lib/format_text/layout.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/io/unaligned_reader.h"

namespace umbra::fs {

struct lvm_label {
  std::string id;  // as LVM spells it: "KmXIcV-CWhK-k2UT-e270-K4LF-oM7J-T9EKd9"
  std::uint64_t size = 0;
  std::uint64_t data_offset = 0;  // first extent
  std::vector<range> text_areas;
};

// Whether one of the first four sectors begins like a label.
result<bool> has_lvm_label(io::unaligned_reader& reader);

// The label's content, checked; the doubt is the error.
result<lvm_label> read_lvm_label(io::unaligned_reader& reader);

// The text of the volume group: empty if the volume belongs to none. All areas that count must hold the same one.
result<std::string> read_lvm_text(io::unaligned_reader& reader, const lvm_label& label);

}  // namespace umbra::fs
