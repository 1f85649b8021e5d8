// SPDX-License-Identifier: GPL-3.0-or-later
// A disk as one line: who has how much of it.
#pragma once

#include <cstddef>
#include <string>

#include "formats/registry/disk_layout.h"

namespace umbra::cli {

// Exactly `columns` wide, without a line end: each partition as wide as its share of the disk, but wide enough to be seen, with
// as much of its number, name and kind as there is room for, and then its used part and its free one. Empty if there are too many
// partitions for the width. Without `utf8` only ASCII.
//   ▕1 FAT32▏2 root ext4 ██████████░░░░░░░░░░░▏3 swap▏        ▏
//   |1 FAT32|2 root ext4 ##########-----------|3 swap|        |
std::string layout_bar(const registry::disk_layout& layout, std::size_t columns, bool utf8);

}  // namespace umbra::cli
