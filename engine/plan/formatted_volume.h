// SPDX-License-Identifier: GPL-3.0-or-later
// A volume whose format is known: a file system, swap space, a member of something larger. One interface for all of them
// (formats/fs implements it), so that jobs and commands need not know which it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/block/extent.h"
#include "engine/plan/allocation_map.h"
#include "engine/plan/path_patterns.h"

namespace umbra::plan {

struct scan_options {
  bool files = true;                        // tell where files lie (costs a walk over all of them)
  std::size_t file_extent_limit = 4 << 20;  // beyond that many the files found so far are told
  std::size_t used_range_limit = 4 << 20;   // beyond that many the rest of the volume counts as used
};

// What the first sectors say. Empty strings where the format has no such thing.
struct volume_facts {
  std::string kind;           // for people: "ext4", "NTFS", "XFS", "Btrfs", "FAT32", "exFAT", "swap", "LVM", "LUKS"
  std::string label;          // UTF-8
  std::string id;             // spelled as blkid spells UUIDs
  std::uint64_t size = 0;     // what the format itself claims of the volume, from its beginning; may be less than the device
  std::uint32_t cluster = 0;  // its unit of allocation
};

// A file and where its data lie: only bytes that belong to this file alone, never metadata, never what another file shares.
// What is inside a file's extents but behind its end (the rest of the last cluster) belongs to it.
struct file_data {
  std::string path;  // from the volume's root, "/var/lib/x"; UTF-8 where the format says what it is, else the bytes themselves
  std::uint64_t size = 0;
  range_list data;  // of the volume, normalised
};

enum class owner_kind : std::uint8_t { file, directory, free_space, journal, inode_table, metadata, unknown };

// Whose a range of the volume is.
struct range_owner {
  range where;
  owner_kind kind = owner_kind::unknown;
  std::string
      name;  // file and directory: the path (any one of them for a file of several names); else words: "$MFT", "inode table"
};

// One thread at a time; the device it was opened on outlives it. Nothing here ever writes. What lies on a device comes from
// outside: every call takes bounded memory and time and gives an error or a doubt, never a crash.
class formatted_volume {
 public:
  virtual ~formatted_volume() = default;

  virtual volume_facts facts() const = 0;

  // `used` claims everything that a driver of this format may read, after it has replayed its journal, and what lies behind the
  // format's own end; when anything is in doubt (a journal with changes, a wrong checksum or count, an unknown feature, an
  // unreadable structure) the whole volume, with a note that says why. The first note is one line about the volume: "ext4, 2.1
  // GiB of 8.0 GiB used". Offsets are relative to the volume. `files` lie inside `used`. Fails only when the device has gone.
  virtual result<allocation> used_blocks(const scan_options& options) = 0;

  // The regular files whose paths match. errc::unsupported where the format has no files or they cannot be told; an error when
  // anything is in doubt: whoever leaves these bytes out must be sure.
  virtual result<std::vector<file_data>> find_files(const path_patterns& patterns) = 0;

  // Whose the bytes of `where` (normalised, inside the volume) are: in order, covering exactly `where`. What cannot be told is
  // `unknown`; damage makes answers unknown, not errors.
  virtual result<std::vector<range_owner>> owners(const range_list& where) = 0;
};

using volume_ptr = std::unique_ptr<formatted_volume>;

// Helpers of implementations.
allocation whole_volume(std::uint64_t size, std::string note);
// "ext4, 2.1 GiB of 8.0 GiB used"
std::string use_note(const std::string& kind, std::uint64_t used, std::uint64_t size);
// Everything unknown: the answer of formats that cannot tell.
std::vector<range_owner> nobody_knows(const range_list& where);

}  // namespace umbra::plan
