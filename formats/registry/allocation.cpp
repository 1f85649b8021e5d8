// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/allocation.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/io/window_device.h"
#include "formats/registry/disk_identity.h"
#include "formats/registry/logical_volumes.h"
#include "formats/registry/volume_formats.h"
#include "formats/registry/volume_survey.h"
#include "formats/table/regions.h"
#include "formats/table/table.h"

namespace umbra::registry {
namespace {

using plan::whole_volume;

constexpr unsigned deepest_disk = 4;  // disks in logical volumes of disks in logical volumes

// Where a disk is that lies in a logical volume of another one.
struct inner_disk {
  unsigned depth = 0;
  std::size_t extents_so_far = 0;  // of files, told already
};

// A table in the first sector does not overwrite a file system that lay on the whole disk before; nor does a file system wipe
// a table out. Nobody can tell which of them counts. Empty if there is no such file system.
std::string below_a_table(io::device& disk) {
  const auto itself = recognise_volume(disk);
  if (itself.has_error()) return "copied whole: " + itself.error().message();
  return itself.value().empty() ? "" : "copied whole: it has both a file system and a partition table";
}

volume_content unreadable(const plan::allocation& map) {
  volume_content content;
  content.state = content_state::unreadable;
  content.notes = map.notes;
  return content;
}

// Looks at a disk, region by region.
class surveyor {
 public:
  surveyor(io::device& disk, const allocation_options& options, bool names, inner_disk where = {})
      : disk_(disk), options_(options), names_(names), where_(where) {}

  disk_survey survey() {
    const auto geometry = disk_.geometry();
    survey_.layout.size = geometry.size;
    survey_.layout.sector = geometry.logical_sector;
    auto table = table::read_partitions(disk_);
    if (table.has_error()) {
      survey_.map = whole_volume(geometry.size, "copied whole: " + table.assume_error().message());
      survey_.layout.notes = survey_.map.notes;
    } else {
      survey_.layout.table = std::move(table).assume_value();
    }
    for (const auto& r : table::regions_of(survey_.layout.table, geometry.size)) survey_.layout.regions.push_back({r, {}});
    if (survey_.map.notes.empty()) {
      look();
    } else {
      for (auto& r : survey_.layout.regions) r.content = unreadable(survey_.map);
    }
    return std::move(survey_);
  }

 private:
  void look() {
    const auto& table = survey_.layout.table;
    if (table.partitions.empty() && table.notes.empty()) return look_at_whole_disk();
    look_at_partitions();
    const auto contradiction = below_a_table(disk_);
    if (!contradiction.empty()) {
      survey_.map = whole_volume(survey_.layout.size, contradiction);
      survey_.layout.notes.push_back(contradiction);
    }
    survey_.map.notes.insert(survey_.map.notes.begin(), table.notes.begin(), table.notes.end());
    survey_.layout.notes.insert(survey_.layout.notes.begin(), table.notes.begin(), table.notes.end());
  }

  // Extents of the whole disk together; the limit keeps their memory below 100 MiB.
  plan::scan_options scan_options() const {
    plan::scan_options scan;
    scan.files = options_.cuts_on_files;
    scan.file_extent_limit -= std::min(where_.extents_so_far + survey_.map.files.size(), scan.file_extent_limit);
    return scan;
  }

  volume_survey look_at_volume(io::device& volume) {
    auto s = survey_volume(volume, scan_options(), options_.leave_out, names_);
    if (s.content.kind != "LVM" || s.content.state != content_state::understood || where_.depth == deepest_disk) return s;
    look_into_logical_volumes(volume, s.map, [&](io::device& logical, std::size_t extents) {
      const inner_disk inner{where_.depth + 1, where_.extents_so_far + survey_.map.files.size() + extents};
      auto survey = surveyor(logical, options_, names_, inner).survey();
      survey.layout.identity = disk_identity(logical);
      if (names_) s.content.volumes.push_back({logical.name(), std::move(survey.layout)});
      return std::move(survey.map);
    });
    if (s.content.used) s.content.used = total_size(s.map.used);
    s.content.notes = s.map.notes;
    return s;
  }

  // An empty table may have such a volume below it: the map is the volume's, the regions are the table's.
  void look_at_whole_disk() {
    auto s = look_at_volume(disk_);
    survey_.map = std::move(s.map);
    for (auto& r : survey_.layout.regions) {
      if (r.where.kind == table::region_kind::whole) r.content = std::move(s.content);
    }
  }

  volume_survey look_into(const table::partition& p) {
    auto window = io::make_window(disk_, {p.offset, p.size});
    if (window.has_value()) return look_at_volume(*window.assume_value());
    volume_survey s;
    s.map = whole_volume(p.size, "copied whole: " + window.assume_error().message());
    s.content = unreadable(s.map);
    return s;
  }

  void look_at_partitions() {
    for (auto& r : survey_.layout.regions) {
      if (r.where.kind != table::region_kind::partition) {
        survey_.map.used.push_back({r.where.offset, r.where.size});
        continue;
      }
      const auto& p = survey_.layout.table.partitions[r.where.index];
      auto s = look_into(p);
      place(std::move(s.map), p);
      r.content = std::move(s.content);
    }
    // Also where a partition covers it: what lies there may not know.
    for (const auto& p : survey_.layout.table.pieces) survey_.map.used.push_back({p.offset, p.size});
    normalise(survey_.map.used);
  }

  void place(plan::allocation part, const table::partition& p) {
    auto& map = survey_.map;
    for (const auto& r : part.used) map.used.push_back({p.offset + r.offset, r.size});
    for (auto& f : part.files) {
      f.offset += p.offset;
      map.files.push_back(f);
    }
    for (auto& f : part.left_out) {
      f.volume = f.volume.empty() ? fmt::format("partition {}", p.number) : fmt::format("partition {} {}", p.number, f.volume);
      for (auto& r : f.ranges) r.offset += p.offset;
      map.left_out.push_back(std::move(f));
    }
    for (const auto& note : part.notes) map.notes.push_back(fmt::format("partition {} ({}): {}", p.number, p.kind, note));
  }

  io::device& disk_;
  const allocation_options options_;
  const bool names_;
  const inner_disk where_;
  disk_survey survey_;
};

}  // namespace

result<plan::allocation> allocation_of(io::device& disk, const allocation_options& options) {
  return surveyor(disk, options, false).survey().map;
}

disk_survey survey_disk(io::device& disk, const allocation_options& options) {
  auto survey = surveyor(disk, options, true).survey();
  survey.layout.identity = disk_identity(disk);
  return survey;
}

}  // namespace umbra::registry
