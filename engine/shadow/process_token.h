// SPDX-License-Identifier: GPL-3.0-or-later
// Names a process for records that may outlive it: whoever reads one can tell whether that process is gone.
#pragma once

#include <string>

namespace umbra::shadow {

// Of this process: letters, digits and dots, the same on each call. Empty where the system does not tell.
std::string process_token();

// True only if the process with that token has certainly ended: a token that is no such, or of a process that cannot be seen from
// here, is not gone.
bool is_gone(const std::string& token);

}  // namespace umbra::shadow
