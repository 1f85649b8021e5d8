// SPDX-License-Identifier: GPL-3.0-or-later
// File records of NTFS and the attributes in them. Everything is checked against the record's own bytes; errors are errc::decode.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "formats/fs/ntfs_layout.h"

namespace umbra::fs {

// Clusters of an attribute that lie in a row; a hole has no place.
struct ntfs_run {
  std::uint64_t vcn = 0;  // which cluster of the attribute
  std::uint64_t lcn = 0;  // which cluster of the volume
  std::uint64_t count = 0;
  bool hole = false;
  std::uint64_t vcn_end() const { return vcn + count; }
};

// One attribute; views into its record.
struct ntfs_attribute {
  ntfs_attribute_header header;
  byte_view bytes;

  ntfs_attribute_type type() const { return static_cast<ntfs_attribute_type>(header.type.value()); }
  bool is(ntfs_attribute_type wanted) const { return type() == wanted && header.name_length.value() == 0; }
  bool resident() const { return header.non_resident.value() == 0; }
  bool compressed() const { return (header.flags.value() & ntfs_attribute_flag::compressed) != 0; }

  result<byte_view> value() const;  // of a resident one
  result<ntfs_non_resident_header> placement() const;
  // Appends the runs of a non-resident one; each lies inside [0, clusters), and together they are what the header says.
  result<void> append_runs(std::uint64_t clusters, std::vector<ntfs_run>& runs) const;
};

// A record in use.
struct ntfs_record {
  std::uint64_t number = 0;
  ntfs_record_header header;
  byte_view bytes;  // fixed up

  bool is_base() const { return header.base.value() == 0; }
  // The file that it belongs to; its own for a base record.
  std::uint64_t file() const { return is_base() ? number : ntfs_number_of(header.base.value()); }
  std::uint16_t file_sequence() const { return is_base() ? header.sequence.value() : ntfs_sequence_of(header.base.value()); }
  bool directory() const { return (header.flags.value() & ntfs_record_flag::directory) != 0; }

  // The attribute behind the first `position` bytes, which moves behind it; nothing at the end.
  result<std::optional<ntfs_attribute>> next(std::size_t& position) const;
  // The first one of that type without a name.
  result<std::optional<ntfs_attribute>> find(ntfs_attribute_type type) const;
};

// Checks the number at every 512 bytes and puts the true bytes in their place.
result<void> undo_fixups(byte_span bytes);

// Nothing if the record is not in use; its bytes are changed (fixups). The answer looks into `bytes`.
result<std::optional<ntfs_record>> open_record(std::uint64_t number, byte_span bytes);

}  // namespace umbra::fs
