// SPDX-License-Identifier: GPL-3.0-or-later
// The shadow service of this machine, as the verbs use it: its providers, its writers, its lock and its records.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/context.h"
#include "engine/shadow/backup_components.h"

namespace CLI {
class App;
}

namespace umbra::cli {

struct shadow_service_options {
  std::vector<std::string> writer_folders;  // instead of the standard ones, if any is given
  std::string records;                      // of persistent copies; empty: the standard folder
  std::string area;                         // of copies by lvm-thick, as parse_size() takes it; empty: a forecast
};

void add_writers_option(CLI::App& verb, shadow_service_options& options);
void add_records_option(CLI::App& verb, shadow_service_options& options);
void add_area_option(CLI::App& verb, shadow_service_options& options);

shadow::environment shadow_service(const shadow_service_options& options, context& c);

// A session that only asks: providers, copies that are there. Sends nothing to writers.
result<std::unique_ptr<shadow::backup_components>> query_session(const shadow_service_options& options, context& c);

// A provider of the session by name; none for "auto". errc::usage names those that there are.
result<shadow::guid> provider_named(const shadow::backup_components& session, const std::string& option, const std::string& name);

// Waits for an asynchronous call; `stop` cancels it.
result<void> finish_call(result<shadow::async_ptr> call, std::stop_token stop);

}  // namespace umbra::cli
