// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/allocation.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "engine/io/window_device.h"
#include "formats/fs/ext.h"
#include "formats/registry/signature.h"
#include "formats/table/table.h"

namespace umbra::registry {
namespace {

plan::allocation whole(std::uint64_t size, std::string note) {
  plan::allocation all;
  if (size != 0) all.used = {{0, size}};
  all.notes.push_back(std::move(note));
  return all;
}

// Extents of the whole disk together; the limit keeps their memory below 100 MiB.
fs::ext_options ext_options_of(const allocation_options& options, std::size_t extents_so_far) {
  fs::ext_options ext;
  ext.files = options.cuts_on_files;
  ext.file_extent_limit -= std::min(extents_so_far, ext.file_extent_limit);
  return ext;
}

// A volume's own map if a file system on it is understood and alone there.
result<std::optional<plan::allocation>> understand(io::device& volume, const fs::ext_options& options) {
  TRY(auto map, fs::ext_allocation(volume, options));
  if (!map) return map;
  TRY(const auto other, foreign_signature(volume));
  if (!other.empty()) {
    const auto note = fmt::format("copied whole: it looks like ext and like {}", other);
    return std::optional(whole(volume.geometry().size, note));
  }
  return map;
}

std::string describe_unknown(io::device& volume) {
  const auto name = foreign_signature(volume);
  if (name.has_error()) return "copied whole: " + name.error().message();
  if (name.value().empty()) return "copied whole: no known file system";
  return fmt::format("{}, copied whole", name.value());
}

plan::allocation volume_map(io::device& volume, const fs::ext_options& options) {
  const auto size = volume.geometry().size;
  auto map = understand(volume, options);
  if (map.has_error()) return whole(size, "copied whole: " + map.error().message());
  if (map.value()) return *std::move(map).assume_value();
  return whole(size, describe_unknown(volume));
}

plan::allocation partition_map(io::device& disk, const table::partition& p, const fs::ext_options& options) {
  auto window = io::make_window(disk, {p.offset, p.size});
  if (window.has_error()) return whole(p.size, "copied whole: " + window.error().message());
  return volume_map(*window.value(), options);
}

// A table in the first sector does not overwrite a file system that lay on the whole disk before; nor does a file system wipe
// a table out. Nobody can tell which of them counts. Empty if there is no such file system.
std::string below_a_table(io::device& disk) {
  fs::ext_options options;
  options.files = false;
  const auto itself = fs::ext_allocation(disk, options);
  if (itself.has_error()) return "copied whole: " + itself.error().message();
  return itself.value() ? "copied whole: it has both a file system and a partition table" : "";
}

void place(plan::allocation& disk, plan::allocation part, const table::partition& p) {
  for (const auto& r : part.used) disk.used.push_back({p.offset + r.offset, r.size});
  for (auto& f : part.files) {
    f.offset += p.offset;
    disk.files.push_back(f);
  }
  for (const auto& note : part.notes) disk.notes.push_back(fmt::format("partition {} ({}): {}", p.number, p.kind, note));
}

void compose(plan::allocation& disk, io::device& device, const table::partition_table& table, const allocation_options& options) {
  std::uint64_t at = 0;  // end of the last partition; what lies between them is used
  for (const auto& p : table.partitions) {
    disk.used.push_back({at, p.offset - at});
    place(disk, partition_map(device, p, ext_options_of(options, disk.files.size())), p);
    at = p.end();
  }
  disk.used.push_back({at, device.geometry().size - at});
  normalise(disk.used);
}

}  // namespace

result<plan::allocation> allocation_of(io::device& disk, const allocation_options& options) {
  const auto size = disk.geometry().size;
  const auto table = table::read_partitions(disk);
  if (table.has_error()) return whole(size, "copied whole: " + table.error().message());
  const auto& notes = table.value().notes;
  if (table.value().partitions.empty() && notes.empty()) return volume_map(disk, ext_options_of(options, 0));
  plan::allocation map;
  const auto contradiction = below_a_table(disk);
  if (!contradiction.empty()) {
    map = whole(size, contradiction);
  } else {
    compose(map, disk, table.value(), options);
  }
  map.notes.insert(map.notes.begin(), notes.begin(), notes.end());
  return map;
}

}  // namespace umbra::registry
