// SPDX-License-Identifier: GPL-3.0-or-later
// How a verb speaks: text for people, or JSON; errors always as one line on the error stream as well.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/context.h"
#include "cli/printable.h"
#include "engine/base/result.h"
#include "engine/jobs/report.h"

namespace CLI {
class App;
}

namespace umbra::cli {

struct output_options {
  bool json = false;
  bool quiet = false;
};

// Declares --json and --quiet.
void add_output_options(CLI::App& verb, output_options& options);

// "umbra: message" on the error stream, with --json also {"event":"error", ...}. The exit code for it.
int report_error(context& c, const output_options& options, const error& e);
// A line on the error stream, "umbra: warning: ..."; not with --quiet.
void warn(context& c, const output_options& options, const std::string& text);
// One JSON document on a line of its own.
void print_json(context& c, const nlohmann::json& document);

// Members of reports that several verbs show.
nlohmann::json to_json(const jobs::fault_list& faults);
// The first faults, one a line, and how many more there are.
void print_faults(context& c, const jobs::fault_list& faults);
const char* fault_name(jobs::fault::kind what) noexcept;

}  // namespace umbra::cli
