// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the log of a journal from its beginning to the last committed transaction.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/result.h"
#include "formats/fs/ext_journal.h"

namespace umbra::fs {

namespace jbd2 {
// A running CRC-32C, without inversions at either end.
std::uint32_t crc32c(std::uint32_t state, byte_view bytes);
}  // namespace jbd2

class journal_scan {
 public:
  explicit journal_scan(ext_journal& journal);

  result<pending_changes> run();

 private:
  // A block of the file system in the log.
  struct logged {
    std::uint64_t block = 0;
    std::uint32_t at = 0;  // block of the journal
    std::uint32_t sequence = 0;
    std::uint32_t checksum = 0;
    bool escaped = false;
  };
  struct revoked {
    std::uint64_t block = 0;
    std::uint32_t sequence = 0;
  };

  result<void> read_log();
  result<void> add_descriptor(byte_view block);
  // One tag; answers its size.
  result<std::size_t> add_tag(byte_view bytes, bool& last);
  result<void> add_revoked(byte_view block);
  result<void> check_commit(byte_view block) const;
  bool is_tail_right(byte_view block) const;
  result<void> check_fast_commits();
  void drop_revoked();
  result<void> check_data();
  result<pending_changes> newest();

  void advance();
  bool has(std::uint32_t feature) const { return (journal_.incompat_ & feature) != 0; }
  bool has_checksums() const;
  std::size_t usable(byte_view block) const { return block.size() - (has_checksums() ? 4 : 0); }

  ext_journal& journal_;
  std::uint64_t blocks_;  // of the file system
  std::uint64_t at_;
  std::uint32_t sequence_;
  std::uint64_t passed_ = 0;  // blocks of the log
  std::vector<logged> logged_;
  std::vector<revoked> revoked_;
  std::size_t logged_for_good_ = 0;  // up to the last commit
  std::size_t revoked_for_good_ = 0;
};

}  // namespace umbra::fs
