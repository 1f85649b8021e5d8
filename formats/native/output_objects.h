// SPDX-License-Identifier: GPL-3.0-or-later
// Where the bytes of a single-file image go: a file whose name appears at the very end, or nowhere.
#pragma once

#include <memory>
#include <string>

#include "engine/store/store.h"

namespace umbra::native {

// Writes to "<path>.partial" (or .partial-1 …); finish() syncs, links it to `path` (errc::exists if that is taken by then), syncs
// the folder and removes the temporary name. Without finish() the temporary file is removed. errc::exists at once if `path` is
// there. A leftover of a process that died is replaced.
result<std::unique_ptr<store::object_writer>> create_linked_output(store::file_system& files, const std::string& path);

// Counts and forgets.
std::unique_ptr<store::object_writer> make_discarding_output();

}  // namespace umbra::native
