// SPDX-License-Identifier: GPL-3.0-or-later
// The words beside an image: the caller's JSON object with the job's result added.
#pragma once

#include <string>

#include "engine/jobs/backup.h"

namespace umbra::jobs {

// `metadata` with a member "result": counts and the first faults. Invalid JSON is replaced by an empty object.
std::string complete_metadata(const std::string& metadata, const backup_report& report);

}  // namespace umbra::jobs
