// SPDX-License-Identifier: GPL-3.0-or-later
// What the components of one writer mean for each other: who must be chosen, who may be, and what comes along. An ancestor of a
// component is one whose logical path and name begin its logical path. A selectable component with all below it is a component
// set: choosing it chooses them all.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/backup_document.h"
#include "engine/shadow/writer_metadata.h"

namespace umbra::shadow {

// How a component can get into a backup.
enum class inclusion {
  required,              // not selectable, no selectable ancestor: added explicitly if anything of its writer is
  optional,              // selectable, no selectable ancestor: added explicitly, or not at all
  implicit,              // not selectable, selectable ancestor: comes with the ancestor, is never added
  optional_or_implicit,  // selectable, selectable ancestor: comes with the ancestor, or is added without it
};
// "required: …": the rule in one line, for people.
std::string_view explain(inclusion rule) noexcept;

// The components of one writer by their paths. Points into the metadata, which must outlive it and not change.
class component_tree {
 public:
  explicit component_tree(const writer_metadata& metadata);

  const component_info* find(std::string_view logical_path, std::string_view name) const;
  // The nearest selectable component above; null if there is none.
  const component_info* selectable_ancestor(const component_info& c) const;
  inclusion rule(const component_info& c) const;
  // The component and, if it is selectable, all below it; in the document's order.
  std::vector<const component_info*> set_of(const component_info& c) const;

  // --- Backup. `chosen`: the components added so far, explicitly.
  // Whether add_component may take it: e_object_not_found, e_object_already_exists (added before), e_invalidarg (another type; it
  // only comes with an ancestor; an ancestor or one of its own set is chosen already).
  result<void> may_add(const writer_components& chosen, component_type type, std::string_view logical_path,
                       std::string_view name) const;
  // e_invalidarg that names a required component that is missing though something is chosen.
  result<void> is_complete(const writer_components& chosen) const;
  // All that is backed up, explicitly and implicitly, in the document's order.
  std::vector<const component_info*> included(const writer_components& chosen) const;

  // --- Restore. `component`: of the backup document, added explicitly at backup.
  // Whether add_restore_subcomponent may take it: it lies in the component's set (e_object_not_found) and is selectable for
  // restore (e_invalidarg); the component is selected for restore (e_invalidarg).
  result<void> may_restore(const backup_component& component, const restore_subcomponent& sub) const;
  // What is restored of it: its set, or, where subcomponents are named, these and what lies below those that are selectable.
  // Nothing if it is not selected for restore. In the document's order.
  std::vector<const component_info*> restored(const backup_component& component) const;

 private:
  // The nearest component above `c` for which `fits`; null if there is none.
  template <class Fits>
  const component_info* above(const component_info& c, Fits fits) const;
  result<void> overlaps_nothing(const writer_components& chosen, const component_info& c) const;

  const writer_metadata& metadata_;
  std::map<std::string, const component_info*, std::less<>> by_name_;  // full_name()
};

}  // namespace umbra::shadow
