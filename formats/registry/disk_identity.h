// SPDX-License-Identifier: GPL-3.0-or-later
// By what a disk can be known again: so that nobody takes an incremental of one disk against an image of another.
#pragma once

#include <string>

#include "engine/io/device.h"

namespace umbra::registry {

// "gpt:<disk guid>", "mbr:<signature>" or "ext:<uuid>", as read from the first sectors; empty if there is none. GUIDs are the
// bytes as they lie on disk, in hex (UEFI specification, table "GPT Header"; MBR signature at byte 440; ext4 superblock s_uuid).
std::string disk_identity(io::device& disk);

}  // namespace umbra::registry
