// SPDX-License-Identifier: GPL-3.0-or-later
// Lets the kernel bring a file system into order, as it does at every mount after a crash. Linux only.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace umbra::shadow {

// Whether a copy of such a file system may have a journal to replay, or files to remove that were unlinked while open. Not
// btrfs: a freeze commits its tree, it has nothing to replay, and a second device with its id is a danger to the first.
bool needs_replay(std::string_view file_system) noexcept;

// Mounts what is on the node, which may be written to, for an instant and nowhere: no folder shows it, and nothing is left if
// this process dies meanwhile. errc::unsupported where the kernel cannot do that (before 5.2).
result<void> replay_journal(const std::string& node, const std::string& file_system);

}  // namespace umbra::shadow
