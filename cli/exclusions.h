// SPDX-License-Identifier: GPL-3.0-or-later
// What a backup leaves out: what nobody needs back, what the user named, and the vault itself.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/context.h"
#include "cli/output.h"
#include "engine/plan/allocation_map.h"
#include "formats/registry/exclusions.h"

namespace CLI {
class App;
}

namespace umbra::cli {

struct exclusion_options {
  std::vector<std::string> patterns;  // --exclude-file
  bool nothing = false;               // not even swap, paging and hibernation files, shadow storage, the destination
};

// `destination_too`: it lies on a source.
registry::exclusion_rules rules_of_exclusion(const exclusion_options& options, const std::string& destination,
                                             bool destination_too, context& c, const output_options& output);

// For the manifest and reports: [{"volume", "path", "why", "bytes"}], the largest first, at most 200; what is beyond that is one
// last entry without path.
nlohmann::json describe_left_out(const plan::allocation& map);
// "1.0 GiB, partition 2: /swapfile (swap file)", a line for each of the first few of `list` (as describe_left_out() gives it, or
// anything else) and one for the rest, each behind `head`.
std::string left_out_text(const nlohmann::json& list, const std::string& head);

void add_exclusion_options(CLI::App& verb, exclusion_options& options);

}  // namespace umbra::cli
