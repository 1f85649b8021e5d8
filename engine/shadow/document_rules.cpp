// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/document_rules.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

error wrong(std::string what) { return failure(result_code::e_invalidarg, std::move(what)); }

// Of this system, or of the one a document came from: a drive letter or a share of Windows.
bool is_absolute(std::string_view path) {
  return path.starts_with('/') || path.starts_with("\\\\") || (path.size() > 2 && path[1] == ':');
}

bool has_dot_dot(std::string_view path) {
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find_first_of("/\\", begin), path.size());
    if (path.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

result<void> check_path(const std::string& path) {
  if (path.size() > path_size_limit) return wrong(fmt::format("a path is longer than {} bytes", path_size_limit));
  if (!is_absolute(path)) return wrong(fmt::format("the path '{}' is not absolute", path));
  if (has_dot_dot(path)) return wrong(fmt::format("the path '{}' has '..' in it", path));
  return success();
}

result<void> check_all(const std::vector<file_spec>& list) {
  for (const auto& files : list) CHECK(check(files));
  return success();
}

result<void> check_database(const std::vector<file_spec>& list) {
  CHECK(check_all(list));
  for (const auto& files : list) {
    if (files.recursive) return wrong(fmt::format("'{}': files of a database cannot be recursive", files.path));
    if (!files.alternate_location.empty())
      return wrong(fmt::format("'{}': files of a database cannot have an alternate path", files.path));
  }
  return success();
}

result<void> check_files(const component_info& c) {
  if (c.type == component_type::filegroup) {
    if (!c.database_files.empty() || !c.log_files.empty()) return wrong("a file group has 'files' only");
    return check_all(c.files);
  }
  if (!c.files.empty()) return wrong("a database has 'database_files' and 'log_files' only");
  CHECK(check_database(c.database_files));
  return check_database(c.log_files);
}

result<void> check_component(const component_info& c) {
  if (c.type == component_type::undefined) return wrong("it has no type");
  if (c.name.find('\\') != std::string::npos) return wrong("its name has a backslash in it");
  if (c.name.size() > name_size_limit || c.logical_path.size() > name_size_limit)
    return wrong(fmt::format("its name or logical path is longer than {} bytes", name_size_limit));
  for (const auto& d : c.dependencies) {
    if (d.writer_id.is_none() || d.component_name.empty()) return wrong("a dependency names no writer or no component");
  }
  return check_files(c);
}

// Of component_info and of backup_component.
template <class Component>
result<void> check_names(const std::vector<Component>& components) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& c : components) {
    if (c.name.empty()) return wrong("a component has no name");
    if (!seen.emplace(c.logical_path, c.name).second)
      return wrong(
          fmt::format("component '{}{}{}': it is there twice", c.logical_path, c.logical_path.empty() ? "" : "\\", c.name));
  }
  return success();
}

result<void> check_components(const std::vector<component_info>& components) {
  CHECK(check_names(components));
  for (const auto& c : components) CHECK(within(fmt::format("component '{}'", c.full_name()), check_component(c)));
  return success();
}

result<void> check_restore(const writer_metadata& metadata) {
  const auto& plan = metadata.restore;
  const bool stops = plan.method == restore_method::stop_restore_start || plan.method == restore_method::restore_stop_start;
  if (stops && plan.service.empty()) return wrong("restore: it names no service to stop");
  if (plan.method == restore_method::restore_to_alternate_location && metadata.alternate_locations.empty())
    return wrong("restore: there is no alternate location to restore to");
  return success();
}

}  // namespace

result<void> check(const file_spec& files) {
  CHECK(check_path(files.path));
  if (!files.alternate_location.empty()) CHECK(check_path(files.alternate_location));
  if (files.spec.empty() || files.spec.size() > spec_size_limit || files.spec.find('/') != std::string::npos)
    return wrong(fmt::format("'{}': the specification '{}' is not a file name or a pattern of one", files.path, files.spec));
  return success();
}

result<void> check(const writer_metadata& metadata) {
  if (metadata.identity.name.empty()) return wrong("the writer has no name");
  if (metadata.identity.class_id.is_none()) return wrong("the writer has no class");
  CHECK(check_components(metadata.components));
  CHECK(within("excluded", check_all(metadata.excluded)));
  CHECK(within("excluded_from_snapshot", check_all(metadata.excluded_from_snapshot)));
  CHECK(within("alternate_locations", check_all(metadata.alternate_locations)));
  for (const auto& mapping : metadata.alternate_locations) {
    if (mapping.alternate_location.empty()) return wrong(fmt::format("alternate_locations: '{}' has no target", mapping.path));
  }
  return check_restore(metadata);
}

result<void> check(const writer_components& components) { return check_names(components.components); }

result<void> check(const backup_document& document) {
  std::set<std::pair<guid, guid>> seen;
  for (const auto& w : document.writers) {
    if (!seen.emplace(w.class_id, w.instance_id).second)
      return wrong(fmt::format("writer {}: it is there twice", to_string(w.class_id)));
    CHECK(within(fmt::format("writer {}", to_string(w.class_id)), check(w)));
  }
  return success();
}

}  // namespace umbra::shadow
