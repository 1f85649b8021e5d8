// SPDX-License-Identifier: GPL-3.0-or-later
// The files of a file set as they are now, through whatever can list folders: a mounted shadow copy, or the live system.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/file_set.h"

namespace umbra::shadow {

struct folder_entry {
  std::string name;
  bool is_folder = false;  // a folder itself, not a link to one: links are files here, and never followed
};

class folder_lister {
 public:
  virtual ~folder_lister() = default;
  // Everything in the folder but "." and "..", in any order. errc::not_found if there is no such folder.
  virtual result<std::vector<folder_entry>> list(const std::string& folder) = 0;
};

struct listed_file {
  std::string path;    // where it belongs, and goes at a restore
  std::string source;  // where it is read: differs from `path` where there is an alternate path
  file_spec_backup_type backup_types = file_spec_backup_type::none;  // of all specifications that mean it
  bool operator==(const listed_file&) const = default;
};

struct file_listing {
  std::vector<listed_file> files;    // each once, by path
  std::vector<std::string> folders;  // of recursive sets, also empty ones: a restore makes them again. Each once, by path
};

// Errors: e_object_not_found for a file that is named without a wildcard, is not excluded, and is not there (in no folder, where
// the set is recursive); whatever the lister answers besides errc::not_found. Patterns may mean nothing, also in a folder that
// is not there.
result<file_listing> list_files(const file_set& set, folder_lister& lister);

}  // namespace umbra::shadow
