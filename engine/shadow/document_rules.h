// SPDX-License-Identifier: GPL-3.0-or-later
// What must hold of documents before anything relies on them, beyond what their JSON can say. Errors are e_invalidarg with words
// that name the offending component or file.
#pragma once

#include <cstddef>

#include "engine/base/result.h"
#include "engine/shadow/backup_document.h"
#include "engine/shadow/writer_metadata.h"

namespace umbra::shadow {

constexpr std::size_t name_size_limit = 1024;  // bytes of a component's name, of a logical path
constexpr std::size_t path_size_limit = 4096;  // bytes of a path
constexpr std::size_t spec_size_limit = 255;   // bytes of a file specification

// - The writer has a name and a class, and no two components share logical path and name.
// - Components have a type and a name without "\"; file groups have `files`, databases only `database_files` and `log_files`,
//   neither recursive nor with an alternate path.
// - Every path is absolute and without "..", every specification a file name or a pattern, without "/".
// - Every alternate location names its target, and what the method of restore needs (a service, a location) is there.
result<void> check(const writer_metadata& metadata);
// The part that concerns one set of files.
result<void> check(const file_spec& files);

// Components have names, and no two share logical path and name.
result<void> check(const writer_components& components);
// That, of every writer; and no writer is there twice.
result<void> check(const backup_document& document);

}  // namespace umbra::shadow
