// SPDX-License-Identifier: GPL-3.0-or-later
// The journal of an ext file system: where it lies, and what it would change.
#pragma once

#include <cstdint>
#include <vector>

#include <ext2fs/ext2fs.h>

#include "engine/base/result.h"
#include "engine/block/extent.h"
#include "engine/io/unaligned_reader.h"
#include "engine/plan/allocation_map.h"

namespace umbra::fs {

// A block of the file system that a replay of the journal would write.
struct journal_patch {
  std::uint64_t target = 0;  // offsets in the volume
  std::uint64_t source = 0;
  bool escaped = false;  // begins with the journal's magic, whatever lies at `source`
};

struct pending_changes {
  std::vector<journal_patch> patches;  // sorted by target, one for each
  std::uint32_t transactions = 0;
};

// One thread. The file system and the reader outlive it.
class ext_journal {
 public:
  // The journal in the given inode. Errors of the kind errc::decode are reasons fit for a note.
  static result<ext_journal> open(ext2_filsys fs, io::unaligned_reader& reader, ext2_ino_t inode);

  // Where it lies: normalised, in bytes of the volume.
  const range_list& place() const { return place_; }

  bool is_empty() const { return start_ == 0; }

  // What the driver would write when it replays the journal: the newest committed, not revoked version of every block. Every
  // checksum is verified. An error wherever it is not certain what the driver would do.
  result<pending_changes> read_changes();

 private:
  friend class journal_scan;

  ext_journal(ext2_filsys fs, io::unaligned_reader& reader) : fs_(fs), reader_(reader) {}
  result<void> find_blocks(ext2_ino_t inode);
  result<void> read_superblock();
  result<void> check_features(std::uint32_t compat, std::uint32_t incompat, std::uint32_t ro_compat);
  result<void> check_log(std::uint32_t length, std::uint32_t fast_commit_blocks);

  std::uint64_t offset_of(std::uint64_t block) const;
  // Valid until the next call.
  result<byte_view> read(std::uint64_t block);

  ext2_filsys fs_;
  io::unaligned_reader& reader_;
  std::vector<plan::file_extent> extents_;  // by file offset, without gaps
  range_list place_;

  // Of the log, in blocks of the journal.
  std::uint64_t first_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t start_ = 0;
  std::uint32_t sequence_ = 0;
  std::uint32_t incompat_ = 0;
  std::uint32_t seed_ = 0;  // of checksums

  buffer window_;
  std::uint64_t window_begin_ = 0;
  std::uint64_t window_count_ = 0;
};

}  // namespace umbra::fs
