// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/file_listing.h"

#include <map>
#include <set>

#include <fmt/format.h>

#include "engine/shadow/document_rules.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

// Lists what one specification after the other means; a file that several mean is read where the first one says.
class listing_builder {
 public:
  listing_builder(const file_set& set, folder_lister& lister) : set_(set), lister_(lister) {}

  result<void> add(const file_spec& spec) {
    std::vector<std::string> below{""};  // folders to visit, seen from spec.path
    bool found = false;
    while (!below.empty()) {
      const auto at = std::move(below.back());
      below.pop_back();
      TRY(const auto entries, entries_of(spec, at));
      if (!entries) continue;
      if (spec.recursive) folders_.insert(shown(spec.path + at));
      for (const auto& entry : *entries) {
        if (!entry.is_folder) {
          found = take(spec, at, entry.name) || found;
        } else if (spec.recursive) {
          TRY(below.emplace_back(), longer(at, entry.name));
        }
      }
    }
    if (!found && !has_wildcard(spec.spec) && !set_.is_excluded(spec.path, spec.spec)) return missing(spec);
    return success();
  }

  file_listing finish() && {
    file_listing listing;
    for (auto& [path, file] : files_) listing.files.push_back(std::move(file));
    listing.folders.assign(folders_.begin(), folders_.end());
    return listing;
  }

 private:
  using entry_list = std::vector<folder_entry>;

  static const std::string& source_of(const file_spec& spec) {
    return spec.alternate_location.empty() ? spec.path : spec.alternate_location;
  }
  static std::string shown(const std::string& clean) { return clean.empty() ? "/" : clean; }

  // Nothing for a folder that is not there.
  result<std::optional<entry_list>> entries_of(const file_spec& spec, const std::string& at) {
    auto entries = lister_.list(shown(source_of(spec) + at));
    if (entries) return std::optional(std::move(entries).assume_value());
    if (entries.error().code() == errc::not_found) return std::optional<entry_list>();
    return std::move(entries).assume_error();
  }

  // Whether it is one of the files that the specification means, also if it is excluded.
  bool take(const file_spec& spec, const std::string& at, const std::string& name) {
    if (!matches_pattern(name, spec.spec, set_.letters())) return false;
    const auto folder = spec.path + at;
    if (set_.is_excluded(folder, name)) return true;
    auto path = folder + "/" + name;
    auto& file = files_.try_emplace(path, listed_file{path, source_of(spec) + at + "/" + name, {}}).first->second;
    file.backup_types |= spec.backup_types;
    return true;
  }

  static result<std::string> longer(const std::string& at, const std::string& name) {
    if (at.size() + name.size() < path_size_limit) return at + "/" + name;
    return failure(result_code::e_unexpected, fmt::format("'{}': folders nested without end", at));
  }

  static error missing(const file_spec& spec) {
    return failure(result_code::e_object_not_found,
                   fmt::format("'{}' is not there{}, and a backup without it would not be whole",
                               source_of(spec) + "/" + spec.spec, spec.recursive ? ", nor in a folder below" : ""));
  }

  const file_set& set_;
  folder_lister& lister_;
  std::map<std::string, listed_file> files_;
  std::set<std::string> folders_;
};

}  // namespace

result<file_listing> list_files(const file_set& set, folder_lister& lister) {
  listing_builder builder(set, lister);
  for (const auto& spec : set.included()) CHECK(builder.add(spec));
  return std::move(builder).finish();
}

}  // namespace umbra::shadow
