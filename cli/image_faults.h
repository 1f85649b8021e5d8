// SPDX-License-Identifier: GPL-3.0-or-later
// `umbra info --faults`: the places of an image's sources that could not be read, and whose they are.
#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/context.h"
#include "engine/base/result.h"
#include "engine/image/image_reader.h"
#include "formats/registry/fault_owners.h"

namespace umbra::cli {

struct source_faults {
  range_list places;  // normalised
  bool all = true;    // false: there are more than are listed
  std::vector<registry::fault_owner> owners;
};

// One for each source.
result<std::vector<source_faults>> faults_of(image::image_reader& image);
bool any_faults(const std::vector<source_faults>& faults);

nlohmann::json to_json(const source_faults& faults);
// A place a line, with what it hits.
void print_places(context& c, const source_faults& faults);

}  // namespace umbra::cli
