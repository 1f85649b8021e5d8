// SPDX-License-Identifier: GPL-3.0-or-later
// Exclusivity among the requesters of a machine: a file that whoever makes a shadow copy set has locked. The lock ends with the
// process, whatever becomes of it; the file stays.
#pragma once

#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/shadow/environment.h"

namespace umbra::shadow {

constexpr const char* default_set_lock = "/run/umbra/shadow-set.lock";

// For environment::lock_sets. Makes the file, and the folder it lies in. Never waits: e_snapshot_set_in_progress, with the
// process that has it, if somebody else does (another object of this process counts as somebody else).
result<std::unique_ptr<set_lock>> take_set_lock(const std::string& path = default_set_lock);

}  // namespace umbra::shadow
