// SPDX-License-Identifier: GPL-3.0-or-later
// What of a device is in use, and where its files lie. File systems implement it (formats/fs), a whole disk is put together from
// its partitions (formats/registry). The map may claim too much, never too little: any doubt means "used".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/block/extent.h"

namespace umbra::plan {

// A piece of a file of 16 KiB or more, in place: [offset, offset + size) of the device holds the file's bytes from
// `file_offset` on. Cuts inside it follow the file.
struct file_extent {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t file_offset = 0;
  std::uint64_t end() const { return offset + size; }
  bool operator==(const file_extent&) const = default;
};

// A file whose data an image does without: the file stays, and reads as zeros.
struct left_out_file {
  std::string volume;  // "partition 2"; empty if the whole device is the volume
  std::string path;
  std::string why;          // "paging file of Windows"
  std::uint64_t bytes = 0;  // of `ranges`
  range_list ranges;        // normalised, inside `used`
};

struct allocation {
  range_list used;                 // normalised; what is not in it need not be read
  std::vector<file_extent> files;  // sorted by offset, without overlap; may be incomplete, never wrong in its geometry
  std::vector<left_out_file> left_out;
  std::vector<std::string> notes;  // one line each for the report: what was understood, what was copied whole and why
};

// All that is left out, normalised.
range_list left_out_ranges(const allocation& map);

// Smallest file whose extents are told.
constexpr std::uint64_t file_extent_minimum = 16 << 10;

}  // namespace umbra::plan
