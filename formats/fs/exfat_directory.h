// SPDX-License-Identifier: GPL-3.0-or-later
// Folders of exFAT: each file is a set of records, one that opens it, one that tells its place, and its name in pieces. The root
// also tells where the allocation bitmap and the up-case table lie.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/fs/cluster_walk.h"

namespace umbra::fs {

constexpr const char* exfat_bitmap_name = "allocation bitmap";
constexpr const char* exfat_upcase_name = "up-case table";

class exfat_directory final : public record_parser {
 public:
  void begin(bool root) override;
  outcome take(byte_view record, tree_entry& out) override;

  // What the root told, and whether any folder had a record that must be understood and is not.
  const std::string& label() const { return label_; }
  std::uint32_t upcase_checksum() const { return upcase_checksum_; }
  bool met_unknown() const { return met_unknown_; }

 private:
  outcome take_primary(byte_view record, tree_entry& out);
  outcome take_structure(byte_view record, tree_entry& out);
  outcome take_secondary(byte_view record, tree_entry& out);
  outcome finish(tree_entry& out);

  bool root_ = false;
  unsigned expected_ = 0;  // records still to come of the present set, 0 outside of one
  std::uint16_t set_checksum_ = 0;
  std::uint16_t sum_ = 0;
  bool has_place_ = false;
  std::size_t name_length_ = 0;
  std::vector<std::byte> name_;
  tree_entry entry_;

  std::string label_;
  std::uint32_t upcase_checksum_ = 0;
  bool met_unknown_ = false;
};

}  // namespace umbra::fs
