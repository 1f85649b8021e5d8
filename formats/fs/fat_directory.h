// SPDX-License-Identifier: GPL-3.0-or-later
// Folders of FAT: short names of 8 and 3 letters, and before them the pieces of a long one, last piece first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/fs/cluster_walk.h"

namespace umbra::fs {

class fat_directory final : public record_parser {
 public:
  // `wide`: first clusters have 32 bits.
  explicit fat_directory(bool wide) : wide_(wide) {}
  void begin(bool root) override;
  outcome take(byte_view record, tree_entry& out) override;

 private:
  void take_long_piece(byte_view record);
  std::string long_name(std::uint8_t checksum) const;

  const bool wide_;
  std::vector<std::byte> long_name_;  // UTF-16, pieces at their places
  unsigned next_piece_ = 0;           // the number that must come next, 0 if the name is complete
  unsigned checksum_ = 0;             // of the short name it belongs to
};

}  // namespace umbra::fs
