// SPDX-License-Identifier: GPL-3.0-or-later
// How a verb's help is set: what must be given stands in the usage line, kinds of values beside the options, defaults at the end
// of the explanation.
#pragma once

#include <memory>

#include <CLI/CLI.hpp>

namespace umbra::cli {

std::shared_ptr<CLI::Formatter> help_formatter();

}  // namespace umbra::cli
