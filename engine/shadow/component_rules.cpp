// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/component_rules.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace umbra::shadow {
namespace {

using components = std::vector<const component_info*>;

// "a\b\c" to "a\b"; "a" to nothing.
std::string_view parent_of(std::string_view path) {
  const auto cut = path.rfind('\\');
  return cut == std::string_view::npos ? std::string_view{} : path.substr(0, cut);
}

// Whether a component with this logical path lies below the component `name` (a full name).
bool lies_below(std::string_view logical_path, std::string_view name) {
  return logical_path.starts_with(name) && (logical_path.size() == name.size() || logical_path[name.size()] == '\\');
}

error wrong(const component_info& c, std::string_view why) {
  return failure(result_code::e_invalidarg, fmt::format("component '{}': {}", c.full_name(), why));
}

error absent(std::string_view logical_path, std::string_view name) {
  return failure(result_code::e_object_not_found, fmt::format("component '{}{}{}': the writer has none of this name",
                                                              logical_path, logical_path.empty() ? "" : "\\", name));
}

}  // namespace

std::string_view explain(inclusion rule) noexcept {
  switch (rule) {
    case inclusion::required: return "required: must be added if anything of the writer is";
    case inclusion::optional: return "optional: may be added";
    case inclusion::implicit: return "implicit: comes with the selectable component above it, and only so";
    case inclusion::optional_or_implicit:
      return "optional or implicit: comes with the selectable component above it, or may be added without that";
  }
  return "unknown";
}

component_tree::component_tree(const writer_metadata& metadata) : metadata_(metadata) {
  for (const auto& c : metadata.components) by_name_.emplace(c.full_name(), &c);
}

const component_info* component_tree::find(std::string_view logical_path, std::string_view name) const {
  std::string full(logical_path);
  if (!full.empty()) full += '\\';
  const auto found = by_name_.find(full.append(name));
  return found == by_name_.end() ? nullptr : found->second;
}

template <class Fits>
const component_info* component_tree::above(const component_info& c, Fits fits) const {
  for (std::string_view path = c.logical_path; !path.empty(); path = parent_of(path)) {
    const auto found = by_name_.find(path);
    if (found != by_name_.end() && fits(*found->second)) return found->second;
  }
  return nullptr;
}

const component_info* component_tree::selectable_ancestor(const component_info& c) const {
  return above(c, [](const component_info& up) { return up.selectable; });
}

inclusion component_tree::rule(const component_info& c) const {
  const bool in_a_set = selectable_ancestor(c) != nullptr;
  if (c.selectable) return in_a_set ? inclusion::optional_or_implicit : inclusion::optional;
  return in_a_set ? inclusion::implicit : inclusion::required;
}

components component_tree::set_of(const component_info& c) const {
  if (!c.selectable) return {&c};
  components set;
  const auto name = c.full_name();
  for (const auto& other : metadata_.components) {
    if (&other == &c || lies_below(other.logical_path, name)) set.push_back(&other);
  }
  return set;
}

result<void> component_tree::overlaps_nothing(const writer_components& chosen, const component_info& c) const {
  const auto is_chosen = [&](const component_info& up) {
    return up.selectable && chosen.find(up.logical_path, up.name) != nullptr;
  };
  if (const auto* up = above(c, is_chosen); up != nullptr)
    return wrong(c, fmt::format("comes with '{}', which is added already", up->full_name()));
  if (!c.selectable) return success();
  const auto name = c.full_name();
  for (const auto& other : chosen.components) {
    if (lies_below(other.logical_path, name))
      return wrong(c, fmt::format("brings '{}\\{}', which is added already", other.logical_path, other.name));
  }
  return success();
}

result<void> component_tree::may_add(const writer_components& chosen, component_type type, std::string_view logical_path,
                                     std::string_view name) const {
  const auto* c = find(logical_path, name);
  if (c == nullptr) return absent(logical_path, name);
  if (c->type != type) return wrong(*c, "is of the other type");
  if (rule(*c) == inclusion::implicit)
    return wrong(*c, fmt::format("only comes with '{}'; add that", selectable_ancestor(*c)->full_name()));
  if (chosen.find(logical_path, name) != nullptr)
    return failure(result_code::e_object_already_exists, fmt::format("component '{}': is added already", c->full_name()));
  return overlaps_nothing(chosen, *c);
}

result<void> component_tree::is_complete(const writer_components& chosen) const {
  if (chosen.components.empty()) return success();
  for (const auto& c : metadata_.components) {
    if (rule(c) == inclusion::required && chosen.find(c.logical_path, c.name) == nullptr)
      return wrong(c, fmt::format("must be added, as something else of '{}' is", metadata_.identity.name));
  }
  return success();
}

components component_tree::included(const writer_components& chosen) const {
  std::set<const component_info*> explicitly;
  for (const auto& c : chosen.components) explicitly.insert(find(c.logical_path, c.name));
  const auto brings_all = [&](const component_info& up) { return up.selectable && explicitly.contains(&up); };
  components all;
  for (const auto& c : metadata_.components) {
    if (explicitly.contains(&c) || above(c, brings_all) != nullptr) all.push_back(&c);
  }
  return all;
}

result<void> component_tree::may_restore(const backup_component& component, const restore_subcomponent& sub) const {
  const auto* top = find(component.logical_path, component.name);
  if (top == nullptr) return absent(component.logical_path, component.name);
  if (!component.selected_for_restore) return wrong(*top, "is not selected for restore, so nothing below it can be");
  const auto* c = find(sub.logical_path, sub.name);
  if (c == nullptr) return absent(sub.logical_path, sub.name);
  if (!top->selectable || !lies_below(c->logical_path, top->full_name()))
    return failure(result_code::e_object_not_found,
                   fmt::format("component '{}': is not in the set of '{}'", c->full_name(), top->full_name()));
  if (!c->selectable_for_restore) return wrong(*c, "cannot be restored by itself");
  return success();
}

components component_tree::restored(const backup_component& component) const {
  const auto* top = find(component.logical_path, component.name);
  if (top == nullptr || !component.selected_for_restore) return {};
  if (component.restore_subcomponents.empty()) return set_of(*top);
  std::set<const component_info*> named;
  for (const auto& sub : component.restore_subcomponents) named.insert(find(sub.logical_path, sub.name));
  const auto brings_all = [&](const component_info& up) { return up.selectable && named.contains(&up); };
  components all;
  for (const auto* c : set_of(*top)) {
    if (c != top && (named.contains(c) || above(*c, brings_all) != nullptr)) all.push_back(c);
  }
  return all;
}

}  // namespace umbra::shadow
