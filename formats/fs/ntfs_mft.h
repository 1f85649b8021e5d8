// SPDX-License-Identifier: GPL-3.0-or-later
// The master file table of an NTFS volume: every file's record, one after the other, itself a file.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/base/result.h"
#include "formats/fs/ntfs_record.h"
#include "formats/fs/ntfs_stream.h"

namespace umbra::fs {

// Errors are errc::decode where the volume is damaged, else the device's.
class ntfs_mft {
 public:
  // Finds the table's own places, which may be many. `source` outlives it.
  static result<ntfs_mft> open(ntfs_source& source);

  const ntfs_geometry& geometry() const { return source_->geometry(); }
  ntfs_source& source() const { return *source_; }
  std::uint64_t records() const;
  const ntfs_stream& places() const { return places_; }

  // Nothing if it is not in use. The answer looks into `memory`.
  result<std::optional<ntfs_record>> read(std::uint64_t number, std::vector<std::byte>& memory) const;
  // The records with a file's unnamed attributes of that type, in the order of their clusters.
  result<std::vector<std::uint64_t>> records_with(const ntfs_record& base, ntfs_attribute_type type) const;
  // The unnamed $DATA of a file's base record, from all its records; nothing if it lies in the record itself or is not there.
  result<std::optional<ntfs_stream>> data_of(const ntfs_record& base) const;
  // The same for a file that must be there.
  result<ntfs_stream> system_data(std::uint64_t number) const;

  enum class on_damage : std::uint8_t { stop, skip };
  using visitor = std::function<result<void>(const ntfs_record&)>;
  // Every record in use, in order. An error of `visit` is damage of that record.
  result<void> walk(on_damage damage, const visitor& visit) const;

 private:
  explicit ntfs_mft(ntfs_source& source) : source_(&source) {}
  result<void> find_itself();
  result<void> collect(const ntfs_record& base, ntfs_stream& stream) const;
  result<void> walk_piece(std::uint64_t first, byte_span bytes, on_damage damage, const visitor& visit) const;

  ntfs_source* source_;
  ntfs_stream places_;
};

}  // namespace umbra::fs
