// SPDX-License-Identifier: GPL-3.0-or-later
// Dependencies between components of different writers: what belongs together is backed up, and restored, together. No order
// follows from them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/backup_components.h"
#include "engine/shadow/backup_document.h"
#include "engine/shadow/writer_metadata.h"

namespace umbra::shadow {

// Something that is chosen, and depends on what is not.
struct missing_dependency {
  std::string writer;     // name of the writer that depends
  std::string component;  // full name of its component
  component_dependency on;
  std::string machine;                // where it lies, if it is a component of another machine: "\\machine\path"
  std::optional<component_name> add;  // adding this brings it; empty if there is no such component here
};

// Of all components that `document` includes, explicitly or implicitly. `writers`: metadata of the writers that are here.
std::vector<missing_dependency> missing_dependencies(std::span<const writer_metadata> writers, const backup_document& document);

// What must be added besides, and in this order, so that nothing is missing but what is not here: what is depended on, what that
// depends on, and components required beside them. e_invalidarg if something cannot be added because of what is chosen.
result<std::vector<component_name>> components_to_add(std::span<const writer_metadata> writers, backup_document document);

// "writer 'A', component 'x' depends on component 'y' of {…}, which …": for people.
std::string to_string(const missing_dependency& missing);

}  // namespace umbra::shadow
