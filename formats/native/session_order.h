// SPDX-License-Identifier: GPL-3.0-or-later
// Which of a vault's images is older.
#pragma once

#include <vector>

#include "formats/native/vault.h"

namespace umbra::native {

// Oldest first: by time created, but never before its parent, whatever the clocks said (a backup takes less than the second that
// times are told in, and clocks are set back); then by id. What is no image comes first.
void order_by_age(std::vector<session_state>& sessions);

}  // namespace umbra::native
