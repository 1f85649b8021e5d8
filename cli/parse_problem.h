// SPDX-License-Identifier: GPL-3.0-or-later
// What to say about a command line that was not understood.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace umbra::cli {

bool is_verb(const CLI::App& app, const std::string& word);

// errc::usage with a word about what was meant, or where it is explained. `arguments` as they were typed, not empty.
error parse_problem(const CLI::App& app, const CLI::ParseError& problem, const std::vector<std::string>& arguments);

}  // namespace umbra::cli
