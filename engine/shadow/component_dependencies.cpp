// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/component_dependencies.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "engine/shadow/component_rules.h"

namespace umbra::shadow {
namespace {

const writer_components& chosen_of(const backup_document& document, const writer_identity& identity) {
  static const writer_components nothing;
  const auto found = std::ranges::find_if(document.writers, [&](const writer_components& w) {
    return w.class_id == identity.class_id && w.instance_id == identity.instance_id;
  });
  return found == document.writers.end() ? nothing : *found;
}

struct known_writer {
  const writer_metadata* metadata;
  component_tree tree;
};

// "\\machine\path" to "machine"; empty for a path of this machine.
std::string machine_of(const std::string& logical_path) {
  if (!logical_path.starts_with("\\\\")) return {};
  return logical_path.substr(2, logical_path.find('\\', 2) - 2);
}

class resolver {
 public:
  explicit resolver(std::span<const writer_metadata> writers) {
    for (const auto& m : writers) writers_.push_back({&m, component_tree(m)});
  }

  std::vector<missing_dependency> missing(const backup_document& document) const {
    const auto included = included_in(document);
    std::vector<missing_dependency> all;
    for (const auto& w : writers_) {
      for (const auto& c : w.metadata->components) {
        if (!included.contains(&c)) continue;
        for (const auto& d : c.dependencies) {
          if (!is_met(d, included))
            all.push_back({w.metadata->identity.name, c.full_name(), d, machine_of(d.logical_path), way_to(d)});
        }
      }
    }
    return all;
  }

  // Adds it to the document, and to `added`; with what its writer requires. Nothing if it is there already.
  result<void> add(const component_name& name, backup_document& document, std::vector<component_name>& added) const {
    const auto* w = writer_of(name);
    auto* chosen = document.find(name.writer_class, name.writer_instance);
    if (chosen == nullptr) {
      document.writers.push_back({name.writer_class, name.writer_instance, {}});
      chosen = &document.writers.back();
    }
    CHECK(add_one(*w, name, *chosen, added));
    for (const auto& c : w->metadata->components) {
      if (w->tree.rule(c) == inclusion::required) CHECK(add_one(*w, name_of(*w, c), *chosen, added));
    }
    return success();
  }

 private:
  using component_set = std::set<const component_info*>;

  component_set included_in(const backup_document& document) const {
    component_set included;
    for (const auto& w : writers_) {
      for (const auto* c : w.tree.included(chosen_of(document, w.metadata->identity))) included.insert(c);
    }
    return included;
  }

  bool is_met(const component_dependency& d, const component_set& included) const {
    return std::ranges::any_of(writers_, [&](const known_writer& w) {
      return w.metadata->identity.class_id == d.writer_id && included.contains(w.tree.find(d.logical_path, d.component_name));
    });
  }

  std::optional<component_name> way_to(const component_dependency& d) const {
    for (const auto& w : writers_) {
      if (w.metadata->identity.class_id != d.writer_id) continue;
      const auto* c = w.tree.find(d.logical_path, d.component_name);
      if (c == nullptr) continue;
      return name_of(w, w.tree.rule(*c) == inclusion::implicit ? *w.tree.selectable_ancestor(*c) : *c);
    }
    return std::nullopt;
  }

  static component_name name_of(const known_writer& w, const component_info& c) {
    return {w.metadata->identity.class_id, w.metadata->identity.instance_id, c.type, c.logical_path, c.name};
  }

  const known_writer* writer_of(const component_name& name) const {
    return &*std::ranges::find_if(writers_, [&](const known_writer& w) {
      return w.metadata->identity.class_id == name.writer_class && w.metadata->identity.instance_id == name.writer_instance;
    });
  }

  static result<void> add_one(const known_writer& w, const component_name& name, writer_components& chosen,
                              std::vector<component_name>& added) {
    if (chosen.find(name.logical_path, name.name) != nullptr) return success();
    CHECK(within(w.metadata->identity.name, w.tree.may_add(chosen, name.type, name.logical_path, name.name)));
    auto& component = chosen.components.emplace_back();
    component.type = name.type;
    component.logical_path = name.logical_path;
    component.name = name.name;
    added.push_back(name);
    return success();
  }

  std::vector<known_writer> writers_;
};

}  // namespace

std::vector<missing_dependency> missing_dependencies(std::span<const writer_metadata> writers, const backup_document& document) {
  return resolver(writers).missing(document);
}

result<std::vector<component_name>> components_to_add(std::span<const writer_metadata> writers, backup_document document) {
  const resolver all(writers);
  std::vector<component_name> added;
  for (bool more = true; more;) {
    const auto before = added.size();
    for (const auto& missing : all.missing(document)) {
      if (missing.add) CHECK(all.add(*missing.add, document, added));
    }
    more = added.size() > before;
  }
  return added;
}

std::string to_string(const missing_dependency& missing) {
  const auto& on = missing.on;
  const auto path = on.logical_path.empty() ? on.component_name : on.logical_path + "\\" + on.component_name;
  const char* why = "which is not here";
  if (missing.add) why = "which is not chosen";
  if (!missing.machine.empty()) why = "which lies on another machine";
  return fmt::format("writer '{}', component '{}' depends on component '{}' of writer {}, {}", missing.writer, missing.component,
                     path, to_string(on.writer_id), why);
}

}  // namespace umbra::shadow
