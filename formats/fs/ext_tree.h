// SPDX-License-Identifier: GPL-3.0-or-later
// Walks the folders of an ext file system from its root.
#pragma once

#include <functional>
#include <string>

#include "engine/base/result.h"
#include "formats/fs/ext_directory.h"
#include "formats/fs/ext_view.h"

namespace umbra::fs {

struct ext_tree_visitor {
  virtual ~ext_tree_visitor() = default;
  // Whether to look into the folder, "/" or "/a/b".
  virtual bool enters(const std::string& folder) = 0;
  // What has a name, folders included. False: enough.
  virtual bool sees(const std::string& path, const ext_entry& entry) = 0;
};

// Takes memory for the folders that wait, 64 MiB at most, and time in proportion to the folders entered. Folders whose names are
// encrypted are left out: nobody can tell their names.
result<void> walk_tree(ext_view& view, ext_tree_visitor& visitor);

}  // namespace umbra::fs
