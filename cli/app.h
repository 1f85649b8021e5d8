// SPDX-License-Identifier: GPL-3.0-or-later
// The command line: verbs, their help, and the way from arguments to an exit code.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace umbra::cli {

// Runs one command. Never throws for anything a user can type; bad_alloc passes.
int run_app(const std::vector<std::string>& typed, context& c);

}  // namespace umbra::cli
