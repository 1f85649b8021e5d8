// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace umbra::native {

// The member "name" of a metadata or begin document, or nothing.
std::string metadata_name(const std::string& json);

}  // namespace umbra::native
