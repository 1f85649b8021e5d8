// SPDX-License-Identifier: GPL-3.0-or-later
// Writes a journal by hand, so that a test can put anything into it. What it writes is held against e2fsck, which replays it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "formats/fs/ext_journal_layout.h"

namespace umbra::fs {

using block_texts = std::map<std::uint64_t, std::vector<std::byte>>;

// What two states of a volume differ in.
block_texts differing_blocks(io::device& before, io::device& after, std::uint32_t block_size);

class ext_log {
 public:
  struct how {
    std::uint32_t incompat = jbd2::incompat::revoke;
    std::uint32_t compat = 0;
    std::uint32_t start = 1;     // block of the log
    std::uint32_t sequence = 7;  // of the first transaction
    std::uint32_t fast_commit_blocks = 0;
  };
  // The journal of the file system in the file, in one piece. Overwrites what is in it.
  ext_log(const std::string& path, const how& what);

  // Each into the next blocks of the log.
  void describe(const block_texts& blocks);
  void revoke(const std::vector<std::uint64_t>& blocks);
  void commit();
  // Writes the journal's superblock, and says in the file system's that there is something to replay.
  void finish();

  // Where the block of the journal lies, and where the next one will.
  std::uint64_t offset_of(std::uint32_t block) const { return first_ + std::uint64_t{block} * block_size_; }
  std::uint64_t next_offset() const { return offset_of(at_); }
  std::uint32_t length() const { return length_; }

 private:
  void put(std::vector<std::byte> block);
  std::vector<std::byte> begin(jbd2::block_type type) const;
  void seal(std::vector<std::byte>& block) const;
  bool has(std::uint32_t feature) const { return (how_.incompat & feature) != 0; }

  std::string path_;
  how how_;
  std::uint64_t block_size_ = 0;
  std::uint64_t first_ = 0;
  std::uint32_t length_ = 0;
  std::uint32_t at_ = 0;
  std::uint32_t sequence_ = 0;
  std::uint32_t seed_ = 0;
  jbd2::superblock super_{};
};

}  // namespace umbra::fs
