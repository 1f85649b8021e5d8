// SPDX-License-Identifier: GPL-3.0-or-later
// Names of NTFS files and the way from a name to a path: every name says in which directory it stands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "formats/fs/ntfs_mft.h"

namespace umbra::fs {

// One of a file's names.
struct ntfs_name {
  std::uint64_t parent = 0;  // reference
  std::string name;          // UTF-8
  bool of_directory = false;
};

// The names in one record, without the short ones for DOS; a name that cannot be one in a path ('/' or NUL in it) is left out.
result<std::vector<ntfs_name>> names_in(const ntfs_record& record);

// All directories of a volume.
class ntfs_directories {
 public:
  // Walks over the whole table. errc::unsupported when there are too many for the memory (128 MiB).
  static result<ntfs_directories> read(const ntfs_mft& mft, ntfs_mft::on_damage damage);

  // "/a/b"; nothing if the way to the root cannot be found.
  std::optional<std::string> path_of(const ntfs_name& name) const;
  // The same of a directory: "/" for the root.
  std::optional<std::string> path_of_directory(std::uint64_t number) const;

 private:
  struct directory {
    std::uint64_t number;
    std::uint64_t parent;  // reference
    std::uint32_t name_offset;
    std::uint16_t name_size;
    std::uint16_t sequence;
  };

  result<void> add(const ntfs_record& record);
  const directory* find(std::uint64_t number) const;
  bool is_root(const directory& d) const { return d.number == ntfs_file::root; }
  std::optional<std::string> join(const directory* at, std::string_view name) const;

  std::vector<directory> list_;  // by number
  std::string names_;            // one behind the other
};

}  // namespace umbra::fs
