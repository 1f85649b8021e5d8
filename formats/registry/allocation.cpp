// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/allocation.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/io/window_device.h"
#include "formats/registry/signature.h"
#include "formats/registry/volume_formats.h"
#include "formats/table/table.h"

namespace umbra::registry {
namespace {

using plan::whole_volume;

// Extents of the whole disk together; the limit keeps their memory below 100 MiB.
plan::scan_options scan_options_of(const allocation_options& options, std::size_t extents_so_far) {
  plan::scan_options scan;
  scan.files = options.cuts_on_files;
  scan.file_extent_limit -= std::min(extents_so_far, scan.file_extent_limit);
  return scan;
}

// A volume's own map if one format claims it and nothing else seems to be there.
result<plan::allocation> understand(io::device& volume, const allocation_options& options, std::size_t extents_so_far) {
  TRY(const auto claims, recognise_volume(volume));
  TRY(const auto other, foreign_signature(volume));
  const auto size = volume.geometry().size;
  if (claims.empty()) {
    return whole_volume(size, other.empty() ? "copied whole: no known file system" : fmt::format("{}, copied whole", other));
  }
  const auto kind = claims.front()->facts().kind;
  if (claims.size() > 1)
    return whole_volume(size, fmt::format("copied whole: it looks like {} and like {}", kind, claims[1]->facts().kind));
  if (!other.empty()) return whole_volume(size, fmt::format("copied whole: it looks like {} and like {}", kind, other));
  TRY(auto map, claims.front()->used_blocks(scan_options_of(options, extents_so_far)));
  leave_out_files(*claims.front(), volume, options.leave_out, map);
  return map;
}

plan::allocation volume_map(io::device& volume, const allocation_options& options, std::size_t extents_so_far) {
  auto map = understand(volume, options, extents_so_far);
  if (map.has_error()) return whole_volume(volume.geometry().size, "copied whole: " + map.error().message());
  return std::move(map).assume_value();
}

plan::allocation partition_map(io::device& disk, const table::partition& p, const allocation_options& options,
                               std::size_t extents_so_far) {
  auto window = io::make_window(disk, {p.offset, p.size});
  if (window.has_error()) return whole_volume(p.size, "copied whole: " + window.error().message());
  return volume_map(*window.value(), options, extents_so_far);
}

// A table in the first sector does not overwrite a file system that lay on the whole disk before; nor does a file system wipe
// a table out. Nobody can tell which of them counts. Empty if there is no such file system.
std::string below_a_table(io::device& disk) {
  const auto itself = recognise_volume(disk);
  if (itself.has_error()) return "copied whole: " + itself.error().message();
  return itself.value().empty() ? "" : "copied whole: it has both a file system and a partition table";
}

void place(plan::allocation& disk, plan::allocation part, const table::partition& p) {
  for (const auto& r : part.used) disk.used.push_back({p.offset + r.offset, r.size});
  for (auto& f : part.files) {
    f.offset += p.offset;
    disk.files.push_back(f);
  }
  for (auto& f : part.left_out) {
    f.volume = fmt::format("partition {}", p.number);
    for (auto& r : f.ranges) r.offset += p.offset;
    disk.left_out.push_back(std::move(f));
  }
  for (const auto& note : part.notes) disk.notes.push_back(fmt::format("partition {} ({}): {}", p.number, p.kind, note));
}

void compose(plan::allocation& disk, io::device& device, const table::partition_table& table, const allocation_options& options) {
  std::uint64_t at = 0;  // end of the last partition; what lies between them is used
  for (const auto& p : table.partitions) {
    disk.used.push_back({at, p.offset - at});
    place(disk, partition_map(device, p, options, disk.files.size()), p);
    at = p.end();
  }
  disk.used.push_back({at, device.geometry().size - at});
  normalise(disk.used);
}

}  // namespace

result<plan::allocation> allocation_of(io::device& disk, const allocation_options& options) {
  const auto size = disk.geometry().size;
  const auto table = table::read_partitions(disk);
  if (table.has_error()) return whole_volume(size, "copied whole: " + table.error().message());
  const auto& notes = table.value().notes;
  if (table.value().partitions.empty() && notes.empty()) return volume_map(disk, options, 0);
  plan::allocation map;
  const auto contradiction = below_a_table(disk);
  if (!contradiction.empty()) {
    map = whole_volume(size, contradiction);
  } else {
    compose(map, disk, table.value(), options);
  }
  map.notes.insert(map.notes.begin(), notes.begin(), notes.end());
  return map;
}

}  // namespace umbra::registry
