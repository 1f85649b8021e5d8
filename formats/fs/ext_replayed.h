// SPDX-License-Identifier: GPL-3.0-or-later
// A volume as it will read once its journal is replayed.
#pragma once

#include <memory>
#include <vector>

#include "engine/io/device.h"
#include "formats/fs/ext_journal.h"

namespace umbra::fs {

// Reads of what the journal changes come from the journal's own blocks, all others from the volume, which outlives it. Read-only.
std::unique_ptr<io::device> make_replayed(io::device& volume, std::vector<journal_patch> patches, std::uint32_t block_size);

}  // namespace umbra::fs
