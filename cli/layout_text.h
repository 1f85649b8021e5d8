// SPDX-License-Identifier: GPL-3.0-or-later
// The layout of a disk for people.
#pragma once

#include <string>

#include "formats/registry/disk_layout.h"

namespace umbra::cli {

// "GPT 1b2c…, sectors of 512 bytes", "no partition table, sectors of 4096 bytes"
std::string table_text(const registry::disk_layout& layout);

// One line for each region, logical partitions below the extended one; sizes, what is used and free, what it is. Then the notes.
// Without `utf8` the lines of the tree are ASCII; names are what they are.
std::string layout_tree(const registry::disk_layout& layout, bool utf8);

}  // namespace umbra::cli
