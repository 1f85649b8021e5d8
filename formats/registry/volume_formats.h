// SPDX-License-Identifier: GPL-3.0-or-later
// All formats of volumes that we understand (formats/fs).
#pragma once

#include <vector>

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/plan/formatted_volume.h"

namespace umbra::registry {

// Every format that claims the volume: none, or one; more than one where a newer format left an older one's marks in place, and
// nobody can tell which of them counts. An NTFS volume whose first sector is gone is known by its last one, if nothing else
// claims it. Fails when the places of the marks cannot be read. `volume` outlives the answer.
result<std::vector<plan::volume_ptr>> recognise_volume(io::device& volume);

}  // namespace umbra::registry
