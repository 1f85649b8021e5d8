// SPDX-License-Identifier: GPL-3.0-or-later
// Writes one run of the content index.
#pragma once

#include <memory>
#include <vector>

#include "formats/native/index_run.h"

namespace umbra::native {

// A run's pack table: first the packs whose data records are all indexed once this run exists, then `partial` others.
struct run_packs {
  std::vector<image::pack_id> ids;
  std::uint32_t partial = 0;
};

constexpr std::string_view index_folder = "index/";
// True if `object_name` can be the name of a run that this code wrote.
bool is_run_name(std::string_view object_name);

// Reads `entries` twice and writes them as a run whose name follows from its content, then opens it and verifies every page. The
// same run written twice, by anybody, is one object: whoever comes second uses the first. On failure nothing that counts as a run
// has appeared. Memory: the filter, 10 bits an entry.
result<std::shared_ptr<const index_run>> write_run(store::store& store, const image::domain_id& domain, const run_packs& packs,
                                                   entry_stream& entries);

}  // namespace umbra::native
