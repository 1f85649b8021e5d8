// SPDX-License-Identifier: GPL-3.0-or-later
// What the transactions in records of the log would change.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/base/result.h"
#include "formats/fs/xfs_superblock.h"

namespace umbra::fs {

// Follows the operations of records from the tail to the head, and keeps the superblock as they leave it. Anything else that is
// to be changed is an error; so is what cannot be followed, and a transaction in several pieces, which counters never need.
class xfs_pending_changes {
 public:
  explicit xfs_pending_changes(byte_view super) : super_(super.begin(), super.end()) {}

  // The bytes of a record, with the words that its head kept put back. `little`: the order of the machine that wrote it.
  result<void> add_record(byte_view body, std::uint32_t operations, bool little);

  // Of all records: an error if the superblock would come to describe another file system.
  result<void> finish(byte_view super) const;

 private:
  struct transaction {
    bool named = false;              // its head has come
    std::uint16_t regions_left = 0;  // of the present item
    std::vector<bool> chunks;        // of the superblock that are still to come
    std::size_t next_chunk = 0;
  };

  result<void> add_operation(const xfs_log_operation& op, byte_view body, bool little);
  result<void> begin_item(transaction& t, byte_view body, bool little) const;
  result<void> change_superblock(transaction& t, byte_view body);

  std::vector<std::byte> super_;
  std::map<std::uint32_t, transaction> open_;
};

}  // namespace umbra::fs
