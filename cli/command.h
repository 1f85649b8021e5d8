// SPDX-License-Identifier: GPL-3.0-or-later
// What a verb gives to the app: its options declared, and what to run when it was chosen.
#pragma once

#include <functional>

#include "cli/context.h"

namespace CLI {
class App;
}

namespace umbra::cli {

// Set by the chosen verb while the arguments are parsed.
using chosen_command = std::function<int(context&)>;

void add_init(CLI::App& app, chosen_command& chosen);
void add_backup(CLI::App& app, chosen_command& chosen);
void add_list(CLI::App& app, chosen_command& chosen);
void add_info(CLI::App& app, chosen_command& chosen);
void add_inspect(CLI::App& app, chosen_command& chosen);
void add_diff(CLI::App& app, chosen_command& chosen);
void add_verify(CLI::App& app, chosen_command& chosen);
void add_restore(CLI::App& app, chosen_command& chosen);
void add_shadow(CLI::App& app, chosen_command& chosen);
void add_shadow_create(CLI::App& shadow_verb, chosen_command& chosen);
void add_bench(CLI::App& app, chosen_command& chosen);

}  // namespace umbra::cli
