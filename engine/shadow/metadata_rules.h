// SPDX-License-Identifier: GPL-3.0-or-later
// What must hold of a writer's metadata before anything relies on it.
#pragma once

#include <cstddef>

#include "engine/base/result.h"
#include "engine/shadow/writer_metadata.h"

namespace umbra::shadow {

constexpr std::size_t name_size_limit = 1024;  // bytes of a component's name, of a logical path
constexpr std::size_t path_size_limit = 4096;  // bytes of a path
constexpr std::size_t spec_size_limit = 255;   // bytes of a file specification

// e_invalidarg with words that name the offending component or file, unless
// - the writer has a name and a class, and no two components share logical path and name;
// - components have a type and a name without "\"; file groups have `files`, databases only `database_files` and `log_files`,
//   neither recursive nor with an alternate path;
// - every path is absolute and without "..", every specification a file name or a pattern, without "/";
// - every alternate location names its target, and what the method of restore needs (a service, a location) is there.
result<void> check(const writer_metadata& metadata);
// The part that concerns one set of files.
result<void> check(const file_spec& files);

}  // namespace umbra::shadow
