// SPDX-License-Identifier: GPL-3.0-or-later
// An ext file system as its driver will see it: with its journal replayed, but nothing written.
#pragma once

#include <memory>

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "formats/fs/ext_journal.h"
#include "formats/fs/ext_superblock.h"
#include "formats/fs/ext_volume.h"

namespace umbra::fs {

// One thread. The volume outlives it.
class ext_view {
 public:
  // `super`: as it lies on the volume. Errors of the kind errc::decode are reasons fit for a note.
  static result<std::unique_ptr<ext_view>> open(io::device& volume, const ext_superblock& super);

  ext2_filsys fs() const { return fs_.get(); }
  io::unaligned_reader& reader() { return *reader_; }
  const ext_superblock& super() const { return super_; }
  const ext_geometry& geometry() const { return geometry_; }

  // Where the journal lies, if it lies in the file system: its driver reads it first of all.
  const range_list& journal() const { return journal_; }
  // What the journal would still change.
  std::size_t pending_blocks() const { return pending_blocks_; }
  std::uint32_t pending_transactions() const { return pending_transactions_; }

 private:
  explicit ext_view(io::device& volume) : volume_(volume) {}
  result<void> open_as_it_lies(const ext_superblock& super);
  result<void> replay();
  result<void> lay_over(std::vector<journal_patch> patches);

  io::device& volume_;
  ext_superblock super_{};
  ext_geometry geometry_;
  range_list journal_;
  std::size_t pending_blocks_ = 0;
  std::uint32_t pending_transactions_ = 0;
  std::unique_ptr<io::device> replayed_;  // null if nothing is to be replayed
  std::unique_ptr<io::unaligned_reader> reader_;
  ext_handle fs_;
};

}  // namespace umbra::fs
