// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/logical_volumes.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/io/pieces_device.h"
#include "engine/plan/formatted_volume.h"
#include "formats/fs/lvm.h"

namespace umbra::registry {
namespace {

void place(plan::allocation& disk, plan::allocation part, const fs::lvm_volume& volume) {
  const io::piece_row row(volume.pieces);
  for (const auto& r : part.used) {
    const auto places = row.places(r);
    disk.used.insert(disk.used.end(), places.begin(), places.end());
  }
  for (const auto& f : part.files) {
    auto at = f.file_offset;
    for (const auto& p : row.places({f.offset, f.size})) {
      disk.files.push_back({p.offset, p.size, at});
      at += p.size;
    }
  }
  for (auto& left : part.left_out) {
    range_list ranges;
    for (const auto& r : left.ranges) {
      const auto places = row.places(r);
      ranges.insert(ranges.end(), places.begin(), places.end());
    }
    normalise(ranges);
    left.ranges = std::move(ranges);
    left.volume = left.volume.empty() ? "LV " + volume.name : fmt::format("LV {} {}", volume.name, left.volume);
    disk.left_out.push_back(std::move(left));
  }
  for (const auto& note : part.notes) disk.notes.push_back(fmt::format("LV {}: {}", volume.name, note));
}

// Damaged metadata may give one place to two volumes.
void without_overlap(std::vector<plan::file_extent>& files) {
  std::ranges::sort(files, {}, &plan::file_extent::offset);
  std::uint64_t reach = 0;
  std::erase_if(files, [&](const plan::file_extent& f) {
    if (f.offset < reach) return true;
    reach = f.end();
    return false;
  });
}

}  // namespace

void look_into_logical_volumes(io::device& volume, plan::allocation& map, const disk_mapper& map_of) {
  auto group = fs::read_lvm_group(volume);
  if (group.has_error()) return;
  plan::allocation all;
  all.used = group.value().claimed;
  all.notes = {std::string()};  // the line about the volume
  all.notes.insert(all.notes.end(), group.value().notes.begin(), group.value().notes.end());
  for (const auto& logical : group.value().plain) {
    auto device = io::make_pieces(volume, logical.pieces, logical.name);
    if (device.has_error()) {
      all.used.insert(all.used.end(), logical.pieces.begin(), logical.pieces.end());
      all.notes.push_back(fmt::format("LV {}, copied whole: {}", logical.name, device.error().message()));
      continue;
    }
    place(all, map_of(*device.value(), all.files.size()), logical);
  }
  normalise(all.used);
  without_overlap(all.files);
  all.notes.front() = plan::use_note("LVM", total_size(all.used), volume.geometry().size);
  map = std::move(all);
}

}  // namespace umbra::registry
