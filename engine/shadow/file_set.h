// SPDX-License-Identifier: GPL-3.0-or-later
// Which files the file specifications of a writer mean. Exclusion beats inclusion, and is asked about the place where a file
// belongs, not about the alternate path from which it is read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/enums.h"
#include "engine/shadow/wildcard.h"
#include "engine/shadow/writer_metadata.h"

namespace umbra::shadow {

// Paths are absolute and separated by "/"; repeated and trailing "/" and "." do not count.
class file_set {
 public:
  file_set(std::vector<file_spec> included, std::vector<file_spec> excluded, letter_case letters = letter_case::counts);

  // Whether the file at `path` is in the set.
  bool matches(std::string_view path) const;

  // Without repeated and trailing "/" and without "."; the root is "".
  static std::string clean(std::string_view path);

  const std::vector<file_spec>& included() const { return included_; }
  letter_case letters() const { return letters_; }
  // `folder` is clean.
  bool is_excluded(std::string_view folder, std::string_view name) const;

 private:
  bool holds(const file_spec& spec, std::string_view folder, std::string_view name) const;

  std::vector<file_spec> included_;  // with clean paths
  std::vector<file_spec> excluded_;
  letter_case letters_;
};

// Whether a backup of this type takes such a file; copies take what full backups take.
bool is_wanted(file_spec_backup_type types, backup_type type);
// Whether it must be read from a shadow copy then.
bool needs_snapshot(file_spec_backup_type types, backup_type type);

}  // namespace umbra::shadow
