// SPDX-License-Identifier: GPL-3.0-or-later
// Whether an NTFS volume is as it claims to be: what $Volume, $LogFile and $MFTMirr say.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "formats/fs/ntfs_mft.h"

namespace umbra::fs {

// Success if nothing is pending: a known version, not marked dirty, the log closed, the mirror the same as the table. Else
// errc::decode with the reason.
result<void> check_state(const ntfs_mft& mft);

// UTF-8; empty if it has none or cannot be read.
std::string label_of(const ntfs_mft& mft);

}  // namespace umbra::fs
